//! Archives and compressed files: whatever the bytes, reading ends within its limits.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ringfort_collect::{Limits, Options, read_objects};

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { unpacked_bytes: 16 << 20, entries: 1000, ..Limits::default() };
    let options = Options { threads: 1, limits, ..Options::default() };
    for name in ["x.tar", "x.tar.gz", "x.tar.zst", "x.zip"] {
        let _ = read_objects(&[(name, bytes)], &options);
    }
});
