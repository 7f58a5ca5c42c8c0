//! What the tests with processes or a browser share with each other and with `xtask`: a file
//! server, a WebDriver client, and where things are.

pub mod browser;
pub mod serve;

use std::path::{Path, PathBuf};

/// The top folder of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_path_buf()
}

/// A path that `xtask` hands to the tests in the environment variable `name`.
///
/// # Errors
/// The variable is missing: the test was not started by `cargo xtask test`.
pub fn given(name: &str) -> anyhow::Result<PathBuf> {
    std::env::var_os(name)
        .map(PathBuf::from)
        .ok_or_else(|| anyhow::anyhow!("{name} is not set: start this with `cargo xtask test`"))
}
