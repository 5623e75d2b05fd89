//! Serves objects as a Kubernetes API over HTTPS on the loopback, with the faults that a test
//! asks for.
//!
//! What is served: `/version`, discovery (aggregated and by group), lists of every kind that the
//! model keeps and of the custom resources that a test names, with `limit` and `continue`, the field selectors that Ringfort uses, and
//! metadata alone; and writes in a dry run, which are tried on the stored object and answered
//! without storing anything. Everything else is refused, so that a test notices what it does not
//! expect.

mod http;
mod objects;
mod writes;

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub use objects::Objects;

/// What goes wrong with the lists of one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This status, always.
    Status(u16),
    /// This status for so many requests, then the answer.
    StatusFirst(u16, u32),
    /// From the second page on the token has expired; with an offer to go on if `true`.
    Expires(bool),
    /// The first token expires once.
    ExpiresOnce,
    /// The connection is cut in the middle of every answer.
    Cut,
    /// The connection is cut in the middle of the first answers.
    CutFirst(u32),
    /// The connection is cut in the middle of every page but the first.
    CutLater,
    /// The answer begins and then nothing comes.
    Stall,
    /// The answer comes byte by byte.
    Drip,
    /// The list of the group's resources is a web page.
    Garbled,
    /// Metadata alone is not served: objects come in full.
    Full,
    /// The answer is a web page.
    Html,
    /// The group's own server does not answer: discovery says so, lists fail with 503.
    Stale,
}

/// How a server behaves.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    /// Faults by plural name.
    pub faults: BTreeMap<String, Fault>,
    /// Whether discovery is by group only, as before 1.26.
    pub old_discovery: bool,
    /// The bearer token that requests must carry; none is asked for when empty.
    pub token: String,
    /// Statuses that writes are refused with, by plural name.
    pub refused_writes: BTreeMap<String, u16>,
}

/// A request that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Method.
    pub method: String,
    /// Path.
    pub path: String,
    /// Query, decoded.
    pub query: BTreeMap<String, String>,
    /// The `Accept` header.
    pub accept: String,
    /// Status of the answer.
    pub status: u16,
}

/// A running server. It stops when it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    ca: String,
    token: String,
    stop: Arc<AtomicBool>,
    asked: Arc<Mutex<Vec<Asked>>>,
    accepting: Option<std::thread::JoinHandle<()>>,
}

/// What the threads of a server share.
struct Shared {
    objects: Objects,
    behaviour: Behaviour,
    asked: Arc<Mutex<Vec<Asked>>>,
    counts: Mutex<BTreeMap<String, u32>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    /// Starts a server on a free port of the loopback.
    pub fn start(objects: Objects, behaviour: Behaviour) -> io::Result<Self> {
        let (ca, tls) = tls().map_err(io::Error::other)?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let token = behaviour.token.clone();
        let shared = Arc::new(Shared {
            objects,
            behaviour,
            asked: Arc::clone(&asked),
            counts: Mutex::default(),
            stop: Arc::clone(&stop),
        });
        let tls = Arc::new(tls);
        let stopping = Arc::clone(&stop);
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopping.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (shared, tls) = (Arc::clone(&shared), Arc::clone(&tls));
                std::thread::spawn(move || serve(stream, &tls, &shared));
            }
        });
        Ok(Self { address, ca, token, stop, asked, accepting: Some(accepting) })
    }

    /// A kubeconfig for the server, with the context `test`.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        let config = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": {
                "server": format!("https://127.0.0.1:{}", self.address.port()),
                "certificate-authority-data": base64(self.ca.as_bytes())}}],
            "users": [{"name": "test", "user": {"token": self.token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        });
        config.to_string()
    }

    /// Writes the kubeconfig into a file.
    pub fn write_kubeconfig(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, self.kubeconfig())
    }

    /// The requests so far, in the order of their answers.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no thread panics while it holds the log").clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn tls() -> Result<(String, ServerConfig), Box<dyn std::error::Error + Send + Sync>> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let leaf = CertificateParams::new(names)?.signed_by(&key, &ca)?;
    let key = PrivateKeyDer::try_from(key.serialize_der())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)?;
    Ok((ca.pem(), config))
}

fn serve(stream: TcpStream, tls: &Arc<ServerConfig>, shared: &Shared) {
    // A connection that breaks ends its thread; the client's view of it is what is tested.
    let _ = (|| -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let connection = ServerConnection::new(Arc::clone(tls)).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, stream);
        let mut buffer = Vec::new();
        while let Some(request) = http::read(&mut stream, &mut buffer)? {
            if shared.stop.load(Ordering::Relaxed) {
                break;
            }
            let answer = match request.method.as_str() {
                "GET" => objects::answer(shared, &request),
                _ => writes::answer(shared, &request),
            };
            shared.asked.lock().expect("no thread panics while it holds the log").push(Asked {
                method: request.method.clone(),
                path: request.path.clone(),
                query: request.query.clone(),
                accept: request.accept.clone(),
                status: answer.status,
            });
            if !http::write(&mut stream, &answer)? {
                break;
            }
        }
        Ok(())
    })();
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let at = |index: usize| u32::from(three.get(index).copied().unwrap_or_default());
        let word = (at(0) << 16) | (at(1) << 8) | at(2);
        for digit in 0..4 {
            if digit <= three.len() {
                let index = (word >> (18 - 6 * digit)) & 63;
                out.push(char::from(DIGITS[index as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64_pads() {
        for (text, wanted) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v")] {
            assert_eq!(super::base64(text.as_bytes()), wanted);
        }
    }
}
