//! What the binary can do, a file for each command.

pub mod check;
pub mod cluster;
mod cluster_files;
pub mod cut_log;
pub mod explore;
pub mod server;
mod srvr;
