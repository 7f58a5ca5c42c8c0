//! One binary for all targets: the environment names the one to run.
#![no_main]

mod targets;

use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

static TARGET: OnceLock<targets::Target> = OnceLock::new();

fuzz_target!(|data: &[u8]| {
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("ZABSCOPE_FUZZ_TARGET").expect("cargo xtask fuzz names a target");
        targets::find(&name).expect("a target of fuzz/src/targets")
    });
    target(data);
});
