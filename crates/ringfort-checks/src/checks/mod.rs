//! Every check, in the order of ids: one file and one line each.

use crate::check::Check;

mod rf_adm_001;
mod rf_adm_002;
mod rf_adm_003;
mod rf_adm_004;
mod rf_adm_005;
mod rf_bkd_001;
mod rf_cicd_001;
mod rf_cicd_002;
mod rf_cicd_003;
mod rf_cicd_004;
mod rf_cicd_006;
mod rf_cicd_008;
mod rf_cicd_009;
mod rf_cicd_010;
mod rf_cicd_011;
mod rf_cicd_012;
mod rf_cicd_014;
mod rf_cp_001;
mod rf_cp_002;
mod rf_cp_003;
mod rf_cp_004;
mod rf_cp_006;
mod rf_cp_007;
mod rf_cp_008;
mod rf_exp_001;
mod rf_exp_002;
mod rf_exp_003;
mod rf_exp_005;
mod rf_exp_006;
mod rf_exp_008;
mod rf_exp_009;
mod rf_exp_010;
mod rf_exp_012;
mod rf_img_001;
mod rf_img_002;
mod rf_img_003;
mod rf_img_007;
mod rf_net_001;
mod rf_net_002;
mod rf_net_003;
mod rf_net_004;
mod rf_net_005;
mod rf_net_006;
mod rf_net_008;
mod rf_net_009;
mod rf_net_010;
mod rf_node_001;
mod rf_node_002;
mod rf_node_003;
mod rf_node_004;
mod rf_node_007;
mod rf_ns_001;
mod rf_ns_002;
mod rf_ns_006;
mod rf_ns_007;
mod rf_ns_008;
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
mod rf_rbac_018;
mod rf_rbac_019;
mod rf_rbac_020;
mod rf_rbac_021;
mod rf_rbac_022;
mod rf_rbac_023;
mod rf_sa_001;
mod rf_sa_002;
mod rf_sa_003;
mod rf_sa_004;
mod rf_sa_005;
mod rf_sec_001;
mod rf_sec_002;
mod rf_sec_003;
mod rf_sec_004;
mod rf_sec_005;
mod rf_sec_007;
mod rf_ten_001;
mod rf_ten_002;
mod rf_ten_003;
mod rf_ten_004;
mod rf_ten_005;
mod rf_ten_006;
mod rf_ten_007;
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
mod rf_wkl_022;
mod rf_wkl_023;
mod rf_wkl_024;

/// The checks.
pub const ALL: &[&Check] = &[
    &rf_adm_001::CHECK,
    &rf_adm_002::CHECK,
    &rf_adm_003::CHECK,
    &rf_adm_004::CHECK,
    &rf_adm_005::CHECK,
    &rf_bkd_001::CHECK,
    &rf_cicd_001::CHECK,
    &rf_cicd_002::CHECK,
    &rf_cicd_003::CHECK,
    &rf_cicd_004::CHECK,
    &rf_cicd_006::CHECK,
    &rf_cicd_008::CHECK,
    &rf_cicd_009::CHECK,
    &rf_cicd_010::CHECK,
    &rf_cicd_011::CHECK,
    &rf_cicd_012::CHECK,
    &rf_cicd_014::CHECK,
    &rf_cp_001::CHECK,
    &rf_cp_002::CHECK,
    &rf_cp_003::CHECK,
    &rf_cp_004::CHECK,
    &rf_cp_006::CHECK,
    &rf_cp_007::CHECK,
    &rf_cp_008::CHECK,
    &rf_exp_001::CHECK,
    &rf_exp_002::CHECK,
    &rf_exp_003::CHECK,
    &rf_exp_005::CHECK,
    &rf_exp_006::CHECK,
    &rf_exp_008::CHECK,
    &rf_exp_009::CHECK,
    &rf_exp_010::CHECK,
    &rf_exp_012::CHECK,
    &rf_img_001::CHECK,
    &rf_img_002::CHECK,
    &rf_img_003::CHECK,
    &rf_img_007::CHECK,
    &rf_net_001::CHECK,
    &rf_net_002::CHECK,
    &rf_net_003::CHECK,
    &rf_net_004::CHECK,
    &rf_net_005::CHECK,
    &rf_net_006::CHECK,
    &rf_net_008::CHECK,
    &rf_net_009::CHECK,
    &rf_net_010::CHECK,
    &rf_node_001::CHECK,
    &rf_node_002::CHECK,
    &rf_node_003::CHECK,
    &rf_node_004::CHECK,
    &rf_node_007::CHECK,
    &rf_ns_001::CHECK,
    &rf_ns_002::CHECK,
    &rf_ns_006::CHECK,
    &rf_ns_007::CHECK,
    &rf_ns_008::CHECK,
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
    &rf_rbac_018::CHECK,
    &rf_rbac_019::CHECK,
    &rf_rbac_020::CHECK,
    &rf_rbac_021::CHECK,
    &rf_rbac_022::CHECK,
    &rf_rbac_023::CHECK,
    &rf_sa_001::CHECK,
    &rf_sa_002::CHECK,
    &rf_sa_003::CHECK,
    &rf_sa_004::CHECK,
    &rf_sa_005::CHECK,
    &rf_sec_001::CHECK,
    &rf_sec_002::CHECK,
    &rf_sec_003::CHECK,
    &rf_sec_004::CHECK,
    &rf_sec_005::CHECK,
    &rf_sec_007::CHECK,
    &rf_ten_001::CHECK,
    &rf_ten_002::CHECK,
    &rf_ten_003::CHECK,
    &rf_ten_004::CHECK,
    &rf_ten_005::CHECK,
    &rf_ten_006::CHECK,
    &rf_ten_007::CHECK,
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
    &rf_wkl_022::CHECK,
    &rf_wkl_023::CHECK,
    &rf_wkl_024::CHECK,
];

/// Ids of the catalogue that have no predicate yet. They answer unknown, never pass.
pub const NOT_EVALUATED: &[&str] = &[
    "RF-ADM-006",
    "RF-ADM-007",
    "RF-BKD-002",
    "RF-CICD-005",
    "RF-CICD-007",
    "RF-CICD-013",
    "RF-CLD-001",
    "RF-CLD-002",
    "RF-CLD-003",
    "RF-CLD-004",
    "RF-CLD-005",
    "RF-CLD-006",
    "RF-CP-005",
    "RF-CP-009",
    "RF-EXP-004",
    "RF-EXP-007",
    "RF-EXP-011",
    "RF-IMG-004",
    "RF-IMG-005",
    "RF-IMG-006",
    "RF-IMG-008",
    "RF-NET-007",
    "RF-NODE-005",
    "RF-NODE-006",
    "RF-NODE-008",
    "RF-NS-003",
    "RF-NS-004",
    "RF-NS-005",
    "RF-RBAC-024",
    "RF-RBAC-025",
    "RF-SA-006",
    "RF-SEC-006",
    "RF-TEN-008",
    "RF-WKL-017",
    "RF-WKL-018",
    "RF-WKL-021",
];

/// The check of that id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Check> {
    ALL.iter().copied().find(|check| check.id == id)
}
