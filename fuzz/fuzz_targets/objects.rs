//! YAML and JSON objects: whatever the bytes, reading ends with a cluster or an error, and what
//! was read can be drawn.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringfort_attack::{Attack, Engines};
use ringfort_collect::{Options, read_objects};

fuzz_target!(|bytes: &[u8]| {
    let options = Options { threads: 1, complete: true, ..Options::default() };
    for name in ["x.json", "x.yaml"] {
        if let Ok(collected) = read_objects(&[(name, bytes)], &options) {
            let engines = Engines::new(&collected.cluster);
            let attack = Attack::new(&collected.cluster, &engines);
            for key in attack.keys() {
                let _ = attack.id(key);
            }
        }
    }
});
