//! `zabscope cut-log`: the end of a log that a loss of power has torn.

use crate::config::Config;
use crate::store::{StoppedLog, StoreConfig, Tail};
use std::path::Path;

/// Shows what a start refuses and could be cut off, and cuts it off if that is `confirmed`.
///
/// # Errors
/// If the server runs, its files cannot be read, or are damaged in a way that no loss of power
/// explains.
pub fn run(config: &Path, confirmed: bool) -> anyhow::Result<()> {
    let log = StoppedLog::lock(&StoreConfig::from_config(&Config::load(config)?))?;
    let Some(tail) = log.torn_tail()? else {
        println!("The log has no hole: nothing to cut.");
        return Ok(());
    };
    show(&tail);
    if confirmed {
        let copy = log.cut(&tail)?;
        println!("Cut. The file as it was: {}", copy.display());
    } else {
        println!(
            "\nNothing was changed. Cut this off with --confirm if the machine lost power, or \
             crashed, while the\nserver wrote: then nobody was told that these are safe. If not, \
             the disk has lost what it had\nconfirmed: empty dataDir and dataLogDir instead, if a \
             quorum of the other servers is sound."
        );
    }
    Ok(())
}

fn show(tail: &Tail) {
    let Tail { path, offset, why, bytes, kept, first, last, txns } = tail;
    println!("{}", path.display());
    println!("  {why}: a hole at offset {offset}");
    println!("  kept: everything up to {kept} ({:#x})", kept.0);
    println!(
        "  cut:  {bytes} bytes, in which {txns} transactions are whole: {first} ({:#x}) to {last} ({:#x})",
        first.0, last.0
    );
}
