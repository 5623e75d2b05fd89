//! Keeps decompression within the limits.

use std::cell::Cell;
use std::io::Read;

/// Counts the bytes that a decompressor takes.
pub(crate) struct Counted<'c, R> {
    pub(crate) inner: R,
    pub(crate) count: &'c Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

/// Bytes that anything may unpack to, whatever its ratio.
const UNPACKED_FREELY: u64 = 64 << 20;

/// Stops a decompressor that gives more than the limits allow.
pub(crate) struct Guarded<'c, R> {
    pub(crate) inner: R,
    /// Bytes that may still be unpacked in this run.
    pub(crate) left: u64,
    /// Bytes unpacked so far.
    pub(crate) read: u64,
    /// Bytes taken so far, or known to be there.
    pub(crate) packed: &'c Cell<u64>,
    /// Bytes unpacked for each byte packed.
    pub(crate) ratio: u64,
}

impl<R: Read> Read for Guarded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        let most = self.packed.get().saturating_mul(self.ratio).max(UNPACKED_FREELY);
        if self.read > self.left.min(most) {
            return Err(std::io::Error::other("it unpacks to more than the limit allows"));
        }
        Ok(read)
    }
}
