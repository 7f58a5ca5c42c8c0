//! The real server around the engine of `zabscope-core`: configuration, files, sockets.
//!
//! | module | holds |
//! |---|---|
//! | [`config`] | `zoo.cfg` and `myid` |
//! | [`store`] | `dataDir` and `dataLogDir` in Apache's formats, and the thread that writes them |

pub mod config;
pub mod store;
