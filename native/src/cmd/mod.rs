//! What the binary can do, a file for each command.

pub mod server;
