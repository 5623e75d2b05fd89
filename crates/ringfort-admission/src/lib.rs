//! What would be admitted in a namespace (semantics section 5).
