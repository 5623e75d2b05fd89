//! Sets of integers as sorted ranges: the one algebra under ports and addresses.

/// An integer with a next and a previous one.
pub trait Bound: Copy + Ord {
    /// The next value, if there is one.
    fn after(self) -> Option<Self>;
    /// The previous value, if there is one.
    fn before(self) -> Option<Self>;
}

macro_rules! bound {
    ($($type:ty),*) => { $(
        impl Bound for $type {
            fn after(self) -> Option<Self> {
                self.checked_add(1)
            }
            fn before(self) -> Option<Self> {
                self.checked_sub(1)
            }
        }
    )* };
}
bound!(u32, u128);

/// A set, as disjoint inclusive ranges that do not touch, in order. Equal sets are equal
/// values.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ranges<T>(Vec<(T, T)>);

impl<T> Default for Ranges<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Bound> Ranges<T> {
    /// The values from `first` to `last`; none if they are in the wrong order.
    #[must_use]
    pub fn of(first: T, last: T) -> Self {
        if first > last { Self::default() } else { Self(vec![(first, last)]) }
    }

    /// The union of any ranges.
    #[must_use]
    pub fn from_ranges(mut ranges: Vec<(T, T)>) -> Self {
        ranges.retain(|(first, last)| first <= last);
        ranges.sort_unstable();
        let mut merged: Vec<(T, T)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(open) if open.1.after().is_none_or(|next| first <= next) => {
                    open.1 = open.1.max(last);
                }
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    /// The ranges, in order.
    #[must_use]
    pub fn ranges(&self) -> &[(T, T)] {
        &self.0
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a value is in the set.
    #[must_use]
    pub fn contains(&self, value: T) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < value);
        self.0.get(at).is_some_and(|(first, _)| *first <= value)
    }

    /// What is in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self.clone();
        }
        Self::from_ranges(self.0.iter().chain(&other.0).copied().collect())
    }

    /// What is in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut a, mut b) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut common = Vec::new();
        while let (Some(&&(a_first, a_last)), Some(&&(b_first, b_last))) = (a.peek(), b.peek()) {
            let (first, last) = (a_first.max(b_first), a_last.min(b_last));
            if first <= last {
                common.push((first, last));
            }
            if a_last < b_last {
                a.next();
            } else {
                b.next();
            }
        }
        Self(common)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        let mut holes = other.0.as_slice();
        for &(first, last) in &self.0 {
            let mut next = Some(first);
            while let Some(&(hole_first, hole_last)) = holes.first() {
                let Some(from) = next else { break };
                if hole_last < from {
                    holes = &holes[1..];
                    continue;
                }
                if hole_first > last {
                    break;
                }
                if let Some(end) = hole_first.before()
                    && end >= from
                {
                    left.push((from, end));
                }
                next = hole_last.after().filter(|after| *after <= last);
                if hole_last > last {
                    break;
                }
                holes = &holes[1..];
            }
            if let Some(from) = next {
                left.push((from, last));
            }
        }
        Self(left)
    }

    /// Whether everything in this set is in the other.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.difference(other).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn sets() -> impl Strategy<Value = (Ranges<u32>, BTreeSet<u32>)> {
        proptest::collection::vec((0u32..40, 0u32..12), 0..6).prop_map(|pieces| {
            let ranges = pieces.iter().map(|(first, length)| (*first, first + length)).collect();
            let values = pieces.iter().flat_map(|(first, length)| *first..=first + length);
            (Ranges::from_ranges(ranges), values.collect())
        })
    }

    fn values(ranges: &Ranges<u32>) -> BTreeSet<u32> {
        ranges.ranges().iter().flat_map(|(first, last)| *first..=*last).collect()
    }

    proptest! {
        #[test]
        fn the_algebra_is_that_of_sets((a, a_values) in sets(), (b, b_values) in sets()) {
            prop_assert_eq!(values(&a.union(&b)), &a_values | &b_values);
            prop_assert_eq!(values(&a.intersection(&b)), &a_values & &b_values);
            prop_assert_eq!(values(&a.difference(&b)), &a_values - &b_values);
            prop_assert_eq!(a.is_subset(&b), a_values.is_subset(&b_values));
            for value in 0..60 {
                prop_assert_eq!(a.contains(value), a_values.contains(&value));
            }
            // Equal sets are equal values, whatever made them.
            prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a);
        }
    }

    #[test]
    fn the_ends_of_the_type_are_values_like_others() {
        let all = Ranges::of(0, u32::MAX);
        assert_eq!(all.difference(&Ranges::of(u32::MAX, u32::MAX)), Ranges::of(0, u32::MAX - 1));
        assert_eq!(all.difference(&Ranges::of(0, 0)), Ranges::of(1, u32::MAX));
        assert!(all.difference(&all).is_empty());
        assert_eq!(Ranges::from_ranges(vec![(5, u32::MAX), (0, 4)]), all);
    }
}
