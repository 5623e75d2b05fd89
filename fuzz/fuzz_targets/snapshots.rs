//! Snapshot files: whatever the bytes, reading ends; what reads, writes itself back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringfort_model::snapshot;

fuzz_target!(|bytes: &[u8]| {
    let Ok(cluster) = snapshot::read(bytes, 1 << 20) else { return };
    let mut written = Vec::new();
    snapshot::write(&cluster, &mut written).expect("memory takes everything");
    let again = snapshot::read(&written[..], 1 << 20).expect("what was written reads");
    let mut twice = Vec::new();
    snapshot::write(&again, &mut twice).expect("memory takes everything");
    assert!(written == twice, "a snapshot is the same after a round trip");
});
