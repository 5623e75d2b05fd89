//! One subject's verdicts as a whole: what holds for every peer of a segment, and the peers
//! that differ. Whoever draws a graph of the network walks these instead of pairs.

use crate::policy::class::{Class, Segment};
use crate::policy::connection::ConnectionSet;
use crate::policy::decide::Verdict;
use crate::policy::network::Network;
use crate::policy::rule::{Direction, Tri};

impl Network {
    /// The group of a class in a direction: classes of one group have the same verdicts about
    /// every peer. Nothing for addresses outside, which no policy selects.
    #[must_use]
    pub fn group(&self, direction: Direction, class: Class) -> Option<u32> {
        self.group_of[direction as usize].get(class.index()).copied()
    }

    /// The verdict of a group about every peer of a segment that is not listed.
    #[must_use]
    pub fn default_verdict(&self, direction: Direction, group: u32, segment: Segment) -> &Verdict {
        let row = &self.rows[direction as usize][group as usize];
        &self.verdicts[row.default_of(segment) as usize]
    }

    /// The peers of a segment about which a group's verdict is another, in order.
    pub fn listed_peers(
        &self,
        direction: Direction,
        group: u32,
        segment: Segment,
    ) -> impl Iterator<Item = (Class, &Verdict)> {
        let listed = self.rows[direction as usize][group as usize].listed();
        let own = listed.iter().filter(move |(class, _)| self.segment(Class(*class)) == segment);
        own.map(|(class, verdict)| (Class(*class), &self.verdicts[*verdict as usize]))
    }

    /// Whether no verdict leaves a connection open.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.unknown.is_empty())
    }
}

impl Verdict {
    /// What passes for sure or perhaps, where the verdict is enforced for sure, perhaps or not.
    #[must_use]
    pub fn passing(&self, sure: bool, enforced: Tri) -> ConnectionSet {
        match (sure, enforced) {
            (_, Tri::No) | (false, Tri::Unknown) => ConnectionSet::all(),
            (true, _) => self.allowed.clone(),
            (false, Tri::Yes) => self.possible(),
        }
    }
}
