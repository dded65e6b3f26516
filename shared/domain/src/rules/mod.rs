//! The rules, one a file, by their numbers in `docs/rules.md`. Each file states its rule and checks it, nothing else;
//! the order in which a command's rules are checked is in `decide`.

pub mod a6_administrators;
pub mod a7_quorum;
pub mod e1_protect;
pub mod e2_barred;
pub mod e3_backup;
pub mod e4_name;
pub mod k1_opt_in;
pub mod k2_bring;
pub mod k3_size;
pub mod k5_change;
pub mod k6_rewrap;
pub mod k7_rollback;
pub mod k8_destroy;
pub mod l1_possession;
pub mod l2_opens;
pub mod l3_lock;
pub mod l4_unlock;
pub mod l5_deletion;
pub mod l6_lease;
