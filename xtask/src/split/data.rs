//! Constants that only the second half uses.
//!
//! A program that is linked with `--emit-relocs` says which function and which constant has the
//! address of which other constant. What the first half cannot reach so it never reads.

use anyhow::{Context, Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use walrus::ir::Value;
use walrus::{ConstExpr, DataKind, Module};
use wasmparser::{
    KnownCustom, Linking, Name, Operator, Parser, Payload, RelocationEntry, RelocationType,
    SymbolInfo,
};

/// The segment of what never changes, as the linker names it.
const CONSTANTS: &str = ".rodata";
/// Bytes between two pieces that are not worth a segment of their own.
const GAP: u32 = 16;

/// The constants of a program.
#[derive(Debug, Default)]
pub(crate) struct Data {
    /// Symbols whose address a function has, by its name.
    used: BTreeMap<String, BTreeSet<u32>>,
    /// Where each symbol of data lies.
    symbols: BTreeMap<u32, Range<u32>>,
    /// Symbols whose address another one has.
    pointed: BTreeMap<u32, BTreeSet<u32>>,
    /// Where all of what never changes lies.
    constants: Range<u32>,
}

/// A segment: its address, and its place in the section.
struct Segment {
    address: u32,
    place: Range<usize>,
}

/// What stands in the sections of a module, before it is put together.
#[derive(Default)]
struct Sections<'a> {
    segments: Vec<Segment>,
    functions: Vec<Range<usize>>,
    imported: u32,
    names: BTreeMap<u32, &'a str>,
    constants: Option<u32>,
    symbols: Vec<SymbolInfo<'a>>,
    /// By the number of the section.
    relocations: BTreeMap<u32, Vec<RelocationEntry>>,
    code: u32,
    data: u32,
}

impl<'a> Sections<'a> {
    fn read(wasm: &'a [u8]) -> Result<Self> {
        let mut all = Self::default();
        let (mut number, mut start) = (0, 0);
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload?;
            let is_section = payload.as_section().is_some();
            match payload {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        let is_function = matches!(import?.ty, wasmparser::TypeRef::Func(_));
                        all.imported += u32::from(is_function);
                    }
                }
                Payload::CodeSectionStart { range, .. } => {
                    (all.code, start) = (number, range.start)
                }
                Payload::CodeSectionEntry(body) => {
                    let range = body.range();
                    all.functions.push(range.start - start..range.end - start);
                }
                Payload::DataSection(segments) => {
                    all.data = number;
                    let start = segments.range().start;
                    for segment in segments {
                        let segment = segment?;
                        let end = segment.range.end - start;
                        let place = end - segment.data.len()..end;
                        all.segments.push(Segment { address: address(&segment.kind)?, place });
                    }
                }
                Payload::CustomSection(section) => all.custom(section.as_known())?,
                _ => {}
            }
            number += u32::from(is_section);
        }
        Ok(all)
    }

    fn custom(&mut self, section: KnownCustom<'a>) -> Result<()> {
        match section {
            KnownCustom::Name(names) => {
                for part in names {
                    match part? {
                        Name::Function(names) => {
                            for name in names {
                                let name = name?;
                                self.names.insert(name.index, name.name);
                            }
                        }
                        Name::Data(names) => {
                            for name in names {
                                let name = name?;
                                if name.name == CONSTANTS {
                                    self.constants = Some(name.index);
                                }
                            }
                        }
                        _ => {}
                    }
                }
            }
            KnownCustom::Linking(parts) => {
                for part in parts.subsections() {
                    if let Linking::SymbolTable(symbols) = part? {
                        self.symbols = symbols.into_iter().collect::<Result<_, _>>()?;
                    }
                }
            }
            KnownCustom::Reloc(entries) => {
                let of = self.relocations.entry(entries.section_index()).or_default();
                for entry in entries.entries() {
                    of.push(entry?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Places in a section where the address of a symbol stands, in order.
    fn addresses(&self, section: u32) -> Vec<(usize, u32)> {
        let entries = self.relocations.get(&section).into_iter().flatten();
        let entries = entries.filter(|entry| is_address(entry.ty));
        let mut all: Vec<_> = entries.map(|entry| (entry.offset as usize, entry.index)).collect();
        all.sort_unstable();
        all
    }
}

/// True if what is filled in is the address of data.
const fn is_address(ty: RelocationType) -> bool {
    !matches!(
        ty,
        RelocationType::FunctionIndexLeb
            | RelocationType::FunctionIndexI32
            | RelocationType::TableIndexSleb
            | RelocationType::TableIndexI32
            | RelocationType::TypeIndexLeb
            | RelocationType::GlobalIndexLeb
            | RelocationType::GlobalIndexI32
            | RelocationType::TableNumberLeb
            | RelocationType::EventIndexLeb
    )
}

fn address(kind: &wasmparser::DataKind<'_>) -> Result<u32> {
    if let wasmparser::DataKind::Active { memory_index: 0, offset_expr } = kind
        && let Operator::I32Const { value } = offset_expr.get_operators_reader().read()?
    {
        return Ok(value.cast_unsigned());
    }
    bail!("a segment of data without a fixed address")
}

/// The entries of a sorted list that lie in a range.
fn within(all: &[(usize, u32)], range: &Range<usize>) -> BTreeSet<u32> {
    let from = all.partition_point(|(place, _)| *place < range.start);
    let here = all[from..].iter().take_while(|(place, _)| *place < range.end);
    here.map(|(_, symbol)| *symbol).collect()
}

impl Data {
    /// Reads a program as the linker left it, with relocations and names.
    pub(crate) fn read(wasm: &[u8]) -> Result<Self> {
        let sections = Sections::read(wasm)?;
        let (code, data) = (sections.addresses(sections.code), sections.addresses(sections.data));
        ensure!(!code.is_empty() && !data.is_empty(), "the program has no relocations");
        let segment = |index: u32| sections.segments.get(index as usize).context("no such segment");
        let constants = segment(sections.constants.context("no constants")?)?;
        let length = u32::try_from(constants.place.len())?;
        let mut all =
            Self { constants: constants.address..constants.address + length, ..Self::default() };
        for (index, place) in (sections.imported..).zip(&sections.functions) {
            let name = sections.names.get(&index).context("a function without a name")?;
            all.used.entry((*name).to_owned()).or_default().extend(within(&code, place));
        }
        for (index, symbol) in (0..).zip(&sections.symbols) {
            let SymbolInfo::Data { symbol: Some(symbol), .. } = symbol else { continue };
            let segment = segment(symbol.index)?;
            let address = segment.address + symbol.offset;
            all.symbols.insert(index, address..address + symbol.size);
            let start = segment.place.start + symbol.offset as usize;
            let place = start..start + symbol.size as usize;
            all.pointed.insert(index, within(&data, &place));
        }
        Ok(all)
    }

    /// Where constants lie that only functions use for which `is_later` says so, by their names.
    pub(super) fn later(&self, is_later: impl Fn(&str) -> bool) -> Vec<Range<u32>> {
        let users = self.used.iter().filter(|(name, _)| !is_later(name));
        let mut open: Vec<u32> = users.flat_map(|(_, symbols)| symbols).copied().collect();
        let mut first = BTreeSet::new();
        while let Some(symbol) = open.pop() {
            if first.insert(symbol) {
                open.extend(self.pointed.get(&symbol).into_iter().flatten());
            }
        }
        // Symbols may overlap, and what none covers belongs to nobody.
        let mut bytes = vec![Byte::Nobodys; self.constants.len()];
        for (state, is_of) in [(Byte::Later, false), (Byte::First, true)] {
            for (symbol, range) in &self.symbols {
                let is_inside =
                    self.constants.start <= range.start && range.end <= self.constants.end;
                if is_inside && first.contains(symbol) == is_of {
                    let at = |address: u32| (address - self.constants.start) as usize;
                    bytes[at(range.start)..at(range.end)].fill(state);
                }
            }
        }
        let mut runs: Vec<Range<u32>> = Vec::new();
        let mut goes_on = false;
        for (address, byte) in (self.constants.start..).zip(bytes) {
            match (byte, runs.last_mut()) {
                (Byte::Later, Some(run)) if goes_on => run.end = address + 1,
                (Byte::Later, _) => runs.push(address..address + 1),
                _ => {}
            }
            goes_on = byte == Byte::Later || goes_on && byte == Byte::Nobodys;
        }
        runs.retain(|run| run.end - run.start >= GAP);
        runs
    }
}

/// Whose a byte is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    Nobodys,
    First,
    Later,
}

/// The segment of constants.
fn constants(module: &Module, within: u32) -> Result<&walrus::Data> {
    let mut all = module.data.iter();
    all.find(|data| {
        start(data)
            .is_some_and(|start| start <= within && (within - start) as usize <= data.value.len())
    })
    .context("no segment has the constants")
}

fn start(data: &walrus::Data) -> Option<u32> {
    match &data.kind {
        DataKind::Active { offset: ConstExpr::Value(Value::I32(offset)), .. } => {
            Some(offset.cast_unsigned())
        }
        _ => None,
    }
}

/// Leaves the constants in these runs, and no other data. They never change: it does no harm if
/// some between two runs, or all of them a second time, are written again.
pub(super) fn keep(module: &mut Module, runs: &[Range<u32>]) -> Result<()> {
    let mut joined: Vec<Range<u32>> = Vec::new();
    for run in runs {
        match joined.last_mut() {
            Some(last) if run.start - last.end < GAP => last.end = run.end,
            _ => joined.push(run.clone()),
        }
    }
    replace(module, &joined, true)
}

/// Leaves all data but the constants in these runs.
pub(super) fn remove(module: &mut Module, runs: &[Range<u32>]) -> Result<()> {
    let Some(first) = runs.first() else { return Ok(()) };
    let segment = constants(module, first.start)?;
    let mut from = start(segment).context("a segment without a fixed address")?;
    let end = from + u32::try_from(segment.value.len())?;
    let mut rest = Vec::new();
    for run in runs {
        rest.push(from..run.start);
        from = run.end;
    }
    rest.push(from..end);
    rest.retain(|run| !run.is_empty());
    replace(module, &rest, false)
}

/// Puts pieces of the segment of constants in its place, or in the place of all segments.
fn replace(module: &mut Module, pieces: &[Range<u32>], is_all: bool) -> Result<()> {
    let memory = module.get_memory_id()?;
    let old = match pieces.first() {
        Some(first) => {
            let segment = constants(module, first.start)?;
            let start = start(segment).context("a segment without a fixed address")?;
            Some((segment.id(), start, segment.value.clone()))
        }
        None => None,
    };
    let all: Vec<_> = module.data.iter().map(walrus::Data::id).collect();
    for id in all.into_iter().filter(|id| is_all || old.as_ref().is_some_and(|old| old.0 == *id)) {
        module.data.delete(id);
        module.memories.get_mut(memory).data_segments.remove(&id);
    }
    let Some((_, start, bytes)) = old else { return Ok(()) };
    for piece in pieces {
        let place = (piece.start - start) as usize..(piece.end - start) as usize;
        let bytes = bytes.get(place).context("constants that are not there")?.to_vec();
        let offset = ConstExpr::Value(Value::I32(piece.start.cast_signed()));
        let id = module.data.add(DataKind::Active { memory, offset }, bytes);
        module.memories.get_mut(memory).data_segments.insert(id);
    }
    Ok(())
}
