//! `acceptedEpoch` and `currentEpoch`, and what a start does when they do not fit the history
//! (Java: `QuorumPeer.loadDataBase`).

use super::error::{During, StoreError};
use super::files::write_atomically;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use zabscope_core::base::Epoch;

/// The two files.
pub(super) struct EpochFiles {
    accepted: PathBuf,
    current: PathBuf,
}

impl EpochFiles {
    /// `dir`: `version-2` of dataDir.
    pub(super) fn new(dir: &Path) -> Self {
        Self { accepted: dir.join("acceptedEpoch"), current: dir.join("currentEpoch") }
    }

    pub(super) fn write_accepted(&self, epoch: Epoch) -> Result<(), StoreError> {
        write(&self.accepted, epoch)
    }

    pub(super) fn write_current(&self, epoch: Epoch) -> Result<(), StoreError> {
        write(&self.current, epoch)
    }

    /// Reads both as they are; a missing one is 0.
    pub(super) fn read(&self) -> Result<(Epoch, Epoch), StoreError> {
        let [accepted, current] = [&self.accepted, &self.current].map(|file| read(file));
        Ok((accepted?.unwrap_or_default(), current?.unwrap_or_default()))
    }

    /// Reads both (accepted first), writes those that are missing, and repairs what a crash
    /// between two writes leaves: the log may be in an epoch that `currentEpoch` has not reached
    /// (Java refuses to start then, ZOOKEEPER-1653). `history` is the epoch of the last
    /// transaction.
    pub(super) fn recover(&self, history: Epoch) -> Result<(Epoch, Epoch), StoreError> {
        let (old_accepted, old_current) = (read(&self.accepted)?, read(&self.current)?);
        let current = old_current.map_or(history, |current| current.max(history));
        let accepted = old_accepted.map_or(history, |accepted| accepted.max(history));
        if accepted < current {
            let what = format!(
                "acceptedEpoch {accepted} is below currentEpoch {current}: a promise of this \
                 server is lost, so it could vote twice. Restore the file"
            );
            return Err(StoreError::Epoch { path: self.accepted.clone(), what });
        }
        // Accepted first: at no time may it be below the other.
        if old_accepted != Some(accepted) {
            report(&self.accepted, old_accepted, accepted);
            self.write_accepted(accepted)?;
        }
        if old_current != Some(current) {
            report(&self.current, old_current, current);
            self.write_current(current)?;
        }
        Ok((accepted, current))
    }
}

fn report(path: &Path, old: Option<Epoch>, new: Epoch) {
    if let Some(old) = old {
        let file = path.display();
        tracing::warn!(%file, %old, %new, "the log is in a later epoch: raising the file");
    }
}

fn write(path: &Path, epoch: Epoch) -> Result<(), StoreError> {
    write_atomically(path, epoch.to_string().as_bytes())
}

fn read(path: &Path) -> Result<Option<Epoch>, StoreError> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.during("read", path)?,
    };
    match text.trim().parse() {
        Ok(epoch) if (0..=Epoch::LAST.0).contains(&epoch) => Ok(Some(Epoch(epoch))),
        _ => {
            Err(StoreError::Epoch { path: path.into(), what: format!("{text:?} is not an epoch") })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files before (accepted, current), epoch of the history, and the result or an error.
    fn check(before: (Option<&str>, Option<&str>), history: i64, expected: Option<(i64, i64)>) {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [("acceptedEpoch", before.0), ("currentEpoch", before.1)] {
            if let Some(text) = text {
                fs::write(dir.path().join(name), text).unwrap();
            }
        }
        let files = EpochFiles::new(dir.path());
        let found = files.recover(Epoch(history)).ok();
        assert_eq!(found.map(|(accepted, current)| (accepted.0, current.0)), expected);
        if let Some((accepted, current)) = expected {
            assert_eq!(files.read().unwrap(), (Epoch(accepted), Epoch(current)));
            let text = fs::read_to_string(dir.path().join("currentEpoch")).unwrap();
            assert!(
                text == current.to_string() || before.1 == Some(&text),
                "no line feed is added"
            );
        }
    }

    #[test]
    fn epochs_after_a_start() {
        check((None, None), 0, Some((0, 0)));
        check((None, None), 3, Some((3, 3)));
        check((Some("5"), Some("3\n")), 3, Some((5, 3)));
        check((Some("5"), Some("3")), 4, Some((5, 4)));
        check((Some("3"), Some("3")), 4, Some((4, 4)));
        check((Some("5"), None), 4, Some((5, 4)));
        check((None, Some("3")), 3, Some((3, 3)));
        check((None, Some("4")), 3, None);
        check((Some("3"), Some("4")), 2, None);
        check((Some("x"), Some("4")), 2, None);
        check((Some("-1"), Some("-1")), 0, None);
        check((Some("2147483647"), Some("3")), 3, Some((i64::from(i32::MAX), 3)));
        check((Some("2147483648"), Some("3")), 3, None);
    }
}
