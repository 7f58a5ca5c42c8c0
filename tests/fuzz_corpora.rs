//! Every input that the fuzzer was started from or has failed on, without the fuzzer.
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../fuzz/src/targets/mod.rs"]
mod targets;

use std::fs;
use std::path::Path;

/// Enough to notice a folder that is missing.
const INPUTS_MIN: usize = 6;

#[test]
fn every_input_of_the_corpora_is_survived() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    for (name, target) in targets::ALL {
        let mut files: Vec<_> =
            fs::read_dir(corpora.join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= INPUTS_MIN, "{name} has {} inputs", files.len());
        for file in files {
            println!("{}", file.display());
            target(&fs::read(&file).unwrap());
        }
    }
    assert!(targets::find("no such target").is_none());
}

#[test]
fn targets_survive_noise() {
    // A small generator of our own: the same bytes in each run.
    let mut word = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        word
    };
    for (_, target) in targets::ALL {
        target(&[]);
        for _ in 0..50 {
            let len = next() % 200;
            let bytes: Vec<u8> = (0..len).map(|_| next().to_le_bytes()[3]).collect();
            target(&bytes);
        }
    }
}
