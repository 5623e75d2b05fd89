//! Which connections policies allow (semantics section 3).
