//! Every check, in the order of ids: one file and one line each.

use crate::check::Check;

mod rf_ns_001;
mod rf_ns_002;
mod rf_rbac_001;
mod rf_rbac_002;
mod rf_rbac_003;
mod rf_rbac_004;
mod rf_rbac_005;
mod rf_rbac_006;
mod rf_rbac_007;
mod rf_rbac_008;
mod rf_rbac_009;
mod rf_rbac_010;
mod rf_rbac_011;
mod rf_rbac_012;
mod rf_rbac_013;
mod rf_rbac_014;
mod rf_rbac_015;
mod rf_rbac_016;
mod rf_rbac_017;
mod rf_rbac_019;
mod rf_sa_001;
mod rf_sa_002;
mod rf_sa_003;
mod rf_sa_004;
mod rf_sa_005;
mod rf_wkl_001;
mod rf_wkl_002;
mod rf_wkl_003;
mod rf_wkl_004;
mod rf_wkl_005;
mod rf_wkl_006;
mod rf_wkl_007;
mod rf_wkl_008;
mod rf_wkl_009;
mod rf_wkl_010;
mod rf_wkl_011;
mod rf_wkl_012;
mod rf_wkl_013;
mod rf_wkl_014;
mod rf_wkl_015;
mod rf_wkl_016;
mod rf_wkl_019;
mod rf_wkl_020;
mod rf_wkl_023;
mod rf_wkl_024;

/// The checks.
pub const ALL: &[&Check] = &[
    &rf_ns_001::CHECK,
    &rf_ns_002::CHECK,
    &rf_rbac_001::CHECK,
    &rf_rbac_002::CHECK,
    &rf_rbac_003::CHECK,
    &rf_rbac_004::CHECK,
    &rf_rbac_005::CHECK,
    &rf_rbac_006::CHECK,
    &rf_rbac_007::CHECK,
    &rf_rbac_008::CHECK,
    &rf_rbac_009::CHECK,
    &rf_rbac_010::CHECK,
    &rf_rbac_011::CHECK,
    &rf_rbac_012::CHECK,
    &rf_rbac_013::CHECK,
    &rf_rbac_014::CHECK,
    &rf_rbac_015::CHECK,
    &rf_rbac_016::CHECK,
    &rf_rbac_017::CHECK,
    &rf_rbac_019::CHECK,
    &rf_sa_001::CHECK,
    &rf_sa_002::CHECK,
    &rf_sa_003::CHECK,
    &rf_sa_004::CHECK,
    &rf_sa_005::CHECK,
    &rf_wkl_001::CHECK,
    &rf_wkl_002::CHECK,
    &rf_wkl_003::CHECK,
    &rf_wkl_004::CHECK,
    &rf_wkl_005::CHECK,
    &rf_wkl_006::CHECK,
    &rf_wkl_007::CHECK,
    &rf_wkl_008::CHECK,
    &rf_wkl_009::CHECK,
    &rf_wkl_010::CHECK,
    &rf_wkl_011::CHECK,
    &rf_wkl_012::CHECK,
    &rf_wkl_013::CHECK,
    &rf_wkl_014::CHECK,
    &rf_wkl_015::CHECK,
    &rf_wkl_016::CHECK,
    &rf_wkl_019::CHECK,
    &rf_wkl_020::CHECK,
    &rf_wkl_023::CHECK,
    &rf_wkl_024::CHECK,
];

/// Ids of the catalogue that have no predicate yet. They answer unknown, never pass.
pub const NOT_EVALUATED: &[&str] = &[
    "RF-ADM-001",
    "RF-ADM-002",
    "RF-ADM-003",
    "RF-ADM-004",
    "RF-ADM-005",
    "RF-ADM-006",
    "RF-ADM-007",
    "RF-BKD-001",
    "RF-BKD-002",
    "RF-CICD-001",
    "RF-CICD-002",
    "RF-CICD-003",
    "RF-CICD-004",
    "RF-CICD-005",
    "RF-CICD-006",
    "RF-CICD-007",
    "RF-CICD-008",
    "RF-CICD-009",
    "RF-CICD-010",
    "RF-CICD-011",
    "RF-CICD-012",
    "RF-CICD-013",
    "RF-CICD-014",
    "RF-CLD-001",
    "RF-CLD-002",
    "RF-CLD-003",
    "RF-CLD-004",
    "RF-CLD-005",
    "RF-CLD-006",
    "RF-CP-001",
    "RF-CP-002",
    "RF-CP-003",
    "RF-CP-004",
    "RF-CP-005",
    "RF-CP-006",
    "RF-CP-007",
    "RF-CP-008",
    "RF-CP-009",
    "RF-EXP-001",
    "RF-EXP-002",
    "RF-EXP-003",
    "RF-EXP-004",
    "RF-EXP-005",
    "RF-EXP-006",
    "RF-EXP-007",
    "RF-EXP-008",
    "RF-EXP-009",
    "RF-EXP-010",
    "RF-EXP-011",
    "RF-EXP-012",
    "RF-IMG-001",
    "RF-IMG-002",
    "RF-IMG-003",
    "RF-IMG-004",
    "RF-IMG-005",
    "RF-IMG-006",
    "RF-IMG-007",
    "RF-IMG-008",
    "RF-NET-001",
    "RF-NET-002",
    "RF-NET-003",
    "RF-NET-004",
    "RF-NET-005",
    "RF-NET-006",
    "RF-NET-007",
    "RF-NET-008",
    "RF-NET-009",
    "RF-NET-010",
    "RF-NODE-001",
    "RF-NODE-002",
    "RF-NODE-003",
    "RF-NODE-004",
    "RF-NODE-005",
    "RF-NODE-006",
    "RF-NODE-007",
    "RF-NODE-008",
    "RF-NS-003",
    "RF-NS-004",
    "RF-NS-005",
    "RF-NS-006",
    "RF-NS-007",
    "RF-NS-008",
    "RF-RBAC-018",
    "RF-RBAC-020",
    "RF-RBAC-021",
    "RF-RBAC-022",
    "RF-RBAC-023",
    "RF-RBAC-024",
    "RF-RBAC-025",
    "RF-SA-006",
    "RF-SEC-001",
    "RF-SEC-002",
    "RF-SEC-003",
    "RF-SEC-004",
    "RF-SEC-005",
    "RF-SEC-006",
    "RF-SEC-007",
    "RF-TEN-001",
    "RF-TEN-002",
    "RF-TEN-003",
    "RF-TEN-004",
    "RF-TEN-005",
    "RF-TEN-006",
    "RF-TEN-007",
    "RF-TEN-008",
    "RF-WKL-017",
    "RF-WKL-018",
    "RF-WKL-021",
    "RF-WKL-022",
];

/// The check of that id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Check> {
    ALL.iter().copied().find(|check| check.id == id)
}
