//! WIP
pub(crate) fn run(_: &[&str]) -> anyhow::Result<()> {
    Ok(())
}
pub(crate) fn help() -> String {
    String::new()
}
