//! Who can reach a listener from outside (semantics section 4).
