//! Serves a directory of JSON lists as a Kubernetes API until standard input ends:
//! `serve-dump DIRECTORY KUBECONFIG`. Prints a line once it answers.

use std::io::Read;
use std::path::Path;

use ringfort_testkit::{Behaviour, Objects, Server};

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, directory, kubeconfig] = &arguments[..] else {
        return Err(std::io::Error::other("usage: serve-dump DIRECTORY KUBECONFIG"));
    };
    let mut objects = Objects::new("v1.36.0");
    objects.read_directory(Path::new(directory))?;
    let server = Server::start(objects, Behaviour::default())?;
    server.write_kubeconfig(Path::new(kubeconfig))?;
    println!("serving {directory}");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
