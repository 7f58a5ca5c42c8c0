//! Transcripts: each file under `scripts/` is a list of commands with what they print. The
//! commands are those of `zabscope_core::lab`.
//!
//! `UPDATE_GOLDENFILES=1 cargo test -p zabscope-tests --test scripts` records them anew; then
//! read what changed.

use goldenscript::{Argument, Command, Context, Runner};
use std::error::Error;
use std::path::Path;
use zabscope_core::lab::{self, Lab, Line};

test_each_file::test_each_path! { in "./tests/scripts" => run }

struct Scripts(Lab);

impl Runner for Scripts {
    type Command = Command;

    fn run(&mut self, command: &Command, _context: &Context) -> Result<String, Box<dyn Error>> {
        let words = command.args.iter().map(|argument| match argument {
            Argument::KeyValue(key, value) => (key.clone(), value.clone()),
            other => (String::new(), other.to_string().trim_matches('"').to_owned()),
        });
        let line = Line { name: command.name.clone(), words: words.collect() };
        Ok(self.0.run(lab::Command::read(line)?)?)
    }
}

fn run(path: &Path) {
    goldenscript::run(&mut Scripts(Lab::default()), path).expect("the script runs");
}
