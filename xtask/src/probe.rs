//! Which functions of the page run before anything is asked of it: measured in a browser.

use anyhow::{Context, Result};
use walrus::ir::{Const, Instr, MemArg, Store, StoreKind, Value};
use walrus::{FunctionKind, Module};

/// The exported memory in which each function has a byte.
pub(crate) const HITS: &str = "zabscopeHits";

/// Bytes of a page of memory.
const PAGE_BYTES: usize = 65_536;

/// The module with a probe in each function: the first thing that it does is to set its byte.
///
/// A function's byte is the one at its place among all functions, as [`walrus`] reads them.
pub(crate) fn with_probes(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut module = Module::from_buffer(wasm).context("reading the module")?;
    let pages = u64::try_from(module.funcs.iter().count().div_ceil(PAGE_BYTES))?;
    // A memory of its own: nothing of the program is changed.
    let memory = module.memories.add_local(false, false, pages, Some(pages), None);
    module.exports.add(HITS, memory);
    for (place, function) in module.funcs.iter_mut().enumerate() {
        let FunctionKind::Local(body) = &mut function.kind else { continue };
        let entry = body.entry_block();
        let value = |number| Instr::Const(Const { value: Value::I32(number) });
        let arg = MemArg { align: 1, offset: 0 };
        let store = Store { memory, kind: StoreKind::I32_8 { atomic: false }, arg };
        let probe = [value(i32::try_from(place)?), value(1), Instr::Store(store)];
        let instrs = &mut body.block_mut(entry).instrs;
        instrs.splice(0..0, probe.map(|instr| (instr, Default::default())));
    }
    Ok(module.emit_wasm())
}
