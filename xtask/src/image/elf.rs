//! What an image must know of a binary: its architecture, and that it needs no other file
//! (System V ABI, ELF header and program headers, 64 bits, little endian).

use anyhow::{Context, Result, bail, ensure};

/// A program header that names the loader of shared libraries.
const PT_INTERP: u64 = 3;

/// The architecture as OCI writes it; an error if it is no static program for Linux.
pub(super) fn architecture(binary: &[u8]) -> Result<&'static str> {
    ensure!(
        binary.starts_with(&[0x7f, b'E', b'L', b'F', 2, 1]),
        "it is no ELF file of 64 bits, little endian"
    );
    let number = |at: u64, size: usize| -> Result<u64> {
        let start = usize::try_from(at)?;
        let bytes = start.checked_add(size).and_then(|end| binary.get(start..end));
        let bytes = bytes.context("it is cut off")?;
        Ok(bytes.iter().rev().fold(0, |all, &byte| (all << 8) | u64::from(byte)))
    };
    let architecture = match number(18, 2)? {
        62 => "amd64",
        183 => "arm64",
        other => bail!("its machine {other} is none that images are made for"),
    };
    let (table, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    for at in 0..count {
        let place = table.checked_add(at * size).context("it is cut off")?;
        if number(place, 4)? == PT_INTERP {
            bail!("it is not static: it asks for a loader, and an image holds no other file");
        }
    }
    Ok(architecture)
}

#[cfg(test)]
mod tests {
    use super::architecture;

    /// A header with one program header of a type.
    fn binary(machine: u8, of_type: u8) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..6].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1]);
        (bytes[18], bytes[32], bytes[54], bytes[56]) = (machine, 64, 56, 1);
        bytes[64] = of_type;
        bytes
    }

    #[test]
    fn only_static_programs_of_known_machines_are_taken() {
        assert_eq!(architecture(&binary(62, 1)).expect("x86-64"), "amd64");
        assert_eq!(architecture(&binary(183, 1)).expect("aarch64"), "arm64");
        for (bytes, why) in [
            (binary(62, 3), "not static"),
            (binary(40, 1), "machine 40"),
            (binary(62, 1)[..100].to_vec(), ""),
            (binary(62, 3)[..60].to_vec(), "cut off"),
            (b"#!/bin/sh".to_vec(), "no ELF"),
        ] {
            match architecture(&bytes) {
                Err(error) => assert!(error.to_string().contains(why), "{error}"),
                Ok(found) => assert!(why.is_empty(), "{found}"),
            }
        }
    }
}
