//! Cuts a wasm module in two: what the first screen needs, and what may come later.
//!
//! Both halves share memory and tables. A function that comes later keeps a slot in the table of
//! functions; the first half calls it through that slot, which is empty until the second half is
//! there and fills it. The second half imports from the first what it needs. So no source has to
//! know where a function went: it only has to wait before it calls one (`web/src/later.rs`).
//!
//! Which functions come later is decided by name: those of the modules given, those that are made
//! for their types, and those that are called by nothing else.

use anyhow::{Context, Result, ensure};
use rustc_demangle::demangle;
use std::collections::{BTreeMap, BTreeSet};
use walrus::ir::{self, Instr, InstrSeqId, Value};
use walrus::{
    ConstExpr, ElementId, ElementItems, ElementKind, ExportItem, FunctionId, FunctionKind,
    GlobalKind, ImportedFunction, LocalFunction, Module, ModuleConfig, TableId,
};

/// Name of the first half for the second one, as a module to import from.
const FIRST: &str = "first";

/// The two halves of a module.
#[derive(Debug)]
pub(crate) struct Halves {
    /// Needed at once.
    pub(crate) first: Vec<u8>,
    /// May come later.
    pub(crate) later: Vec<u8>,
}

/// Cuts `wasm`, which still has the names of its functions; the halves have none. `modules` are
/// paths of Rust modules, or beginnings of such.
pub(crate) fn split(wasm: &[u8], modules: &[String]) -> Result<Halves> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    let parse = || Module::from_buffer_with_config(wasm, &config).context("reading the module");
    let plan = Plan::new(&parse()?, modules)?;
    let mut later = parse()?;
    let needs = plan.cut_later(&mut later)?;
    let mut first = parse()?;
    plan.cut_first(&mut first, &needs)?;
    Ok(Halves { first: first.emit_wasm(), later: later.emit_wasm() })
}

/// Functions by their place in the module, which is the same each time it is read.
struct Plan {
    /// Those that come later.
    later: BTreeSet<usize>,
    /// Their slots in the table of functions, as far as they have one or need one.
    slots: BTreeMap<usize, Vec<u32>>,
    /// Number of slots of that table before and after.
    size: u64,
    grown: u64,
}

/// What the second half imports, by name.
#[derive(Default)]
struct Needs {
    functions: BTreeMap<usize, String>,
    globals: BTreeMap<usize, String>,
    tables: BTreeMap<usize, String>,
}

fn places(module: &Module) -> Vec<FunctionId> {
    module.funcs.iter().map(walrus::Function::id).collect()
}

/// The place of each function.
fn numbered(ids: &[FunctionId]) -> BTreeMap<FunctionId, usize> {
    ids.iter().enumerate().map(|(place, id)| (*id, place)).collect()
}

/// An active segment: the first slot that it fills, and with what.
type Segment = (ElementId, u32, Vec<FunctionId>);

/// The table of functions, and what fills it.
fn table(module: &Module) -> Result<(TableId, Vec<Segment>)> {
    let mut found = None;
    let mut segments = Vec::new();
    for element in module.elements.iter() {
        let ElementKind::Active { table, offset } = &element.kind else { continue };
        let ElementItems::Functions(functions) = &element.items else { continue };
        let ConstExpr::Value(Value::I32(offset)) = offset else { continue };
        ensure!(found.is_none_or(|known| known == *table), "more than one table of functions");
        found = Some(*table);
        segments.push((element.id(), u32::try_from(*offset)?, functions.clone()));
    }
    Ok((found.context("no table of functions")?, segments))
}

#[derive(Default)]
struct Uses {
    functions: BTreeSet<FunctionId>,
    globals: BTreeSet<walrus::GlobalId>,
    tables: BTreeSet<TableId>,
    blocks: Vec<InstrSeqId>,
}

impl<'i> ir::Visitor<'i> for Uses {
    fn start_instr_seq(&mut self, block: &'i ir::InstrSeq) {
        self.blocks.push(block.id());
    }

    fn visit_function_id(&mut self, function: &FunctionId) {
        self.functions.insert(*function);
    }

    fn visit_global_id(&mut self, global: &walrus::GlobalId) {
        self.globals.insert(*global);
    }

    fn visit_table_id(&mut self, table: &TableId) {
        self.tables.insert(*table);
    }
}

fn uses(function: &LocalFunction) -> Uses {
    let mut uses = Uses::default();
    ir::dfs_in_order(&mut uses, function, function.entry_block());
    uses
}

impl Plan {
    fn new(module: &Module, modules: &[String]) -> Result<Self> {
        let ids = places(module);
        let place = numbered(&ids);
        let (table, segments) = table(module)?;
        let mut slots: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
        for (_, offset, functions) in &segments {
            for (slot, function) in (*offset..).zip(functions) {
                slots.entry(place[function]).or_default().push(slot);
            }
        }
        let mut named = BTreeSet::new();
        let mut typed = BTreeSet::new();
        for (place, id) in ids.iter().enumerate() {
            match belongs(module.funcs.get(*id), modules) {
                Some(Belongs::Itself) => drop(named.insert(place)),
                Some(Belongs::ByType) => drop(typed.insert(place)),
                None => {}
            }
        }
        ensure!(!named.is_empty(), "no function belongs to {modules:?}");

        // What the first half can reach by calls, and by the table of functions.
        let exported = module.exports.iter().filter_map(|export| match export.item {
            ExportItem::Function(function) => Some(place[&function]),
            _ => None,
        });
        let started = module.start.map(|start| place[&start]);
        let taken = slots.keys().copied();
        let taken = taken.filter(|place| !named.contains(place) && !typed.contains(place));
        let mut open: Vec<usize> = exported.chain(started).chain(taken).collect();
        let mut first = BTreeSet::new();
        let mut called = BTreeSet::new();
        while let Some(at) = open.pop() {
            if !first.insert(at) {
                continue;
            }
            let FunctionKind::Local(body) = &module.funcs.get(ids[at]).kind else { continue };
            for callee in uses(body).functions.iter().map(|callee| place[callee]) {
                if named.contains(&callee) {
                    called.insert(callee);
                } else {
                    open.push(callee);
                }
            }
        }
        let is_local =
            |place: &usize| matches!(module.funcs.get(ids[*place]).kind, FunctionKind::Local(_));
        let later: BTreeSet<usize> =
            (0..ids.len()).filter(|place| !first.contains(place)).filter(is_local).collect();
        slots.retain(|place, _| later.contains(place));
        let size = module.tables.get(table).initial;
        let mut grown = size;
        for place in called.intersection(&later) {
            if !slots.contains_key(place) {
                slots.insert(*place, vec![u32::try_from(grown)?]);
                grown += 1;
            }
        }
        Ok(Self { later, slots, size, grown })
    }

    /// Leaves the second half, and says what it imports.
    fn cut_later(&self, module: &mut Module) -> Result<Needs> {
        let ids = places(module);
        let place = numbered(&ids);
        let globals: Vec<_> = module.globals.iter().map(walrus::Global::id).collect();
        let tables: Vec<_> = module.tables.iter().map(walrus::Table::id).collect();
        let (functions, segments) = table(module)?;
        let mut used = Uses::default();
        for at in &self.later {
            let body = module.funcs.get(ids[*at]).kind.unwrap_local();
            let mut of = uses(body);
            used.functions.append(&mut of.functions);
            used.globals.append(&mut of.globals);
            used.tables.append(&mut of.tables);
        }
        used.tables.insert(functions);

        let mut needs = Needs::default();
        let mut count = 0_usize;
        let mut name = || {
            count += 1;
            count.to_string()
        };
        for function in &used.functions {
            let at = place[function];
            if self.later.contains(&at) {
                continue;
            }
            let name = name();
            if let FunctionKind::Import(outer) = &module.funcs.get(*function).kind {
                // From the first half too: it has what glues it to its script.
                let outer = outer.import;
                module.imports.delete(outer);
            }
            let import = module.imports.add(FIRST, &name, *function);
            let ty = module.funcs.get(*function).ty();
            module.funcs.get_mut(*function).kind =
                FunctionKind::Import(ImportedFunction { import, ty });
            needs.functions.insert(at, name);
        }
        for (at, id) in globals.iter().enumerate().filter(|(_, id)| used.globals.contains(id)) {
            let name = name();
            let import = module.imports.add(FIRST, &name, *id);
            module.globals.get_mut(*id).kind = GlobalKind::Import(import);
            needs.globals.insert(at, name);
        }
        for (at, id) in tables.iter().enumerate().filter(|(_, id)| used.tables.contains(id)) {
            let name = name();
            let import = module.imports.add(FIRST, &name, *id);
            let table = module.tables.get_mut(*id);
            table.import = Some(import);
            table.elem_segments.clear();
            needs.tables.insert(at, name);
        }
        let memory = module.get_memory_id()?;
        let import = module.imports.add(FIRST, "memory", memory);
        let memory = module.memories.get_mut(memory);
        memory.import = Some(import);
        memory.data_segments.clear();

        // The memory is full already: writing its first content again would undo what has happened.
        for data in module.data.iter().map(walrus::Data::id).collect::<Vec<_>>() {
            module.data.delete(data);
        }
        module.start = None;
        for export in module.exports.iter().map(walrus::Export::id).collect::<Vec<_>>() {
            module.exports.delete(export);
        }
        for (segment, ..) in segments {
            module.elements.delete(segment);
        }
        let filled: BTreeMap<u32, FunctionId> = self
            .slots
            .iter()
            .flat_map(|(place, slots)| slots.iter().map(|slot| (*slot, ids[*place])))
            .collect();
        fill(module, functions, filled);
        self.grow(module, functions);
        walrus::passes::gc::run(module);
        Ok(needs)
    }

    /// Leaves the first half.
    fn cut_first(&self, module: &mut Module, needs: &Needs) -> Result<()> {
        let ids = places(module);
        let (functions, segments) = table(module)?;
        let later: BTreeMap<FunctionId, usize> =
            self.later.iter().map(|place| (ids[*place], *place)).collect();
        let mut filled = BTreeMap::new();
        for (segment, offset, listed) in segments {
            let kept = (offset..).zip(listed).filter(|(_, function)| !later.contains_key(function));
            filled.extend(kept);
            module.tables.get_mut(functions).elem_segments.remove(&segment);
            module.elements.delete(segment);
        }
        fill(module, functions, filled);
        self.grow(module, functions);

        let types: BTreeMap<FunctionId, walrus::TypeId> =
            later.keys().map(|id| (*id, module.funcs.get(*id).ty())).collect();
        for (id, body) in module.funcs.iter_local_mut() {
            if !later.contains_key(&id) {
                self.call_by_slot(body, functions, &later, &types)?;
            }
        }
        let (globals, tables): (Vec<_>, Vec<_>) = (
            module.globals.iter().map(walrus::Global::id).collect(),
            module.tables.iter().map(walrus::Table::id).collect(),
        );
        for (at, name) in &needs.functions {
            module.exports.add(name, ids[*at]);
        }
        for (at, name) in &needs.globals {
            module.exports.add(name, globals[*at]);
        }
        for (at, name) in &needs.tables {
            module.exports.add(name, tables[*at]);
        }
        walrus::passes::gc::run(module);
        Ok(())
    }

    /// Replaces calls of functions that come later.
    fn call_by_slot(
        &self,
        body: &mut LocalFunction,
        table: TableId,
        later: &BTreeMap<FunctionId, usize>,
        types: &BTreeMap<FunctionId, walrus::TypeId>,
    ) -> Result<()> {
        let uses = uses(body);
        if !uses.functions.iter().any(|function| later.contains_key(function)) {
            return Ok(());
        }
        for block in uses.blocks {
            let block = body.block_mut(block);
            let mut instrs = Vec::with_capacity(block.instrs.len());
            for (instr, place) in block.instrs.drain(..) {
                let callee = match &instr {
                    Instr::Call(call) if later.contains_key(&call.func) => call.func,
                    _ => {
                        instrs.push((instr, place));
                        continue;
                    }
                };
                let slot = self.slots.get(&later[&callee]).and_then(|slots| slots.first());
                let slot = i32::try_from(*slot.context("a call without a slot")?)?;
                instrs.push((Instr::Const(ir::Const { value: Value::I32(slot) }), place));
                let ty = types[&callee];
                instrs.push((Instr::CallIndirect(ir::CallIndirect { ty, table }), place));
            }
            block.instrs = instrs;
        }
        Ok(())
    }

    fn grow(&self, module: &mut Module, table: TableId) {
        let table = module.tables.get_mut(table);
        debug_assert_eq!(table.initial, self.size);
        table.initial = self.grown;
        table.maximum = table.maximum.map(|maximum| maximum.max(self.grown));
    }
}

/// Active segments for slots and their functions.
fn fill(module: &mut Module, table: TableId, filled: BTreeMap<u32, FunctionId>) {
    let mut runs: Vec<(u32, Vec<FunctionId>)> = Vec::new();
    for (slot, function) in filled {
        match runs.last_mut() {
            Some((start, run)) if *start as usize + run.len() == slot as usize => {
                run.push(function)
            }
            _ => runs.push((slot, vec![function])),
        }
    }
    for (start, run) in runs {
        let offset = ConstExpr::Value(Value::I32(start.cast_signed()));
        let kind = ElementKind::Active { table, offset };
        let segment = module.elements.add(kind, ElementItems::Functions(run));
        module.tables.get_mut(table).elem_segments.insert(segment);
    }
}

/// How a function belongs to modules that come later.
enum Belongs {
    /// It stands there.
    Itself,
    /// It is made for a type from there. The compiler may have merged it with its like for another
    /// type: if the first half calls it, it belongs there.
    ByType,
}

fn belongs(function: &walrus::Function, modules: &[String]) -> Option<Belongs> {
    let name = format!("{:#}", demangle(function.name.as_deref()?));
    let own = name.trim_start_matches(['<', '&']);
    let mut found = None;
    for module in modules {
        if fits(own, module) {
            return Some(Belongs::Itself);
        }
        let mut rest = name.char_indices().map(|(at, _)| &name[at..]);
        if !module.contains('*') && rest.any(|rest| fits(rest, module)) {
            found = Some(Belongs::ByType);
        }
    }
    found
}

/// True if a name begins with a path, which may have stars for anything, and the path ends where
/// a word of the name ends.
fn fits(name: &str, path: &str) -> bool {
    let mut parts = path.split('*');
    let Some(mut rest) = parts.next().and_then(|part| name.strip_prefix(part)) else {
        return false;
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    path.ends_with('*') || !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use walrus::{DataKind, FunctionBuilder, RefType};

    /// `early` and, through the table, `taken` are reached at once; `page::late` is called by
    /// `early`, calls `shared`, and is the only one that calls `helper`.
    fn module() -> Vec<u8> {
        let mut module = Module::with_config(ModuleConfig::new());
        let memory = module.memories.add_local(false, false, 1, None, None);
        let offset = ConstExpr::Value(Value::I32(0));
        module.data.add(DataKind::Active { memory, offset }, vec![7; 8]);
        module.exports.add("memory", memory);
        let mut function = |name: &str, calls: &[FunctionId]| {
            let mut builder = FunctionBuilder::new(&mut module.types, &[], &[]);
            builder.name(name.to_owned());
            let mut body = builder.func_body();
            for call in calls {
                body.call(*call);
            }
            body.memory_size(memory).drop();
            builder.finish(Vec::new(), &mut module.funcs)
        };
        let shared = function("shared", &[]);
        let helper = function("helper", &[]);
        let late = function("page::late", &[shared, helper]);
        let early = function("early", &[late, shared]);
        let taken = function("taken", &[]);
        let taken_late = function("<page::View as Draw>::draw", &[shared]);
        let other = function("pages::other", &[]);
        module.exports.add("early", early);
        module.exports.add("other", other);
        let table = module.tables.add_local(false, 3, Some(3), RefType::FUNCREF);
        let offset = ConstExpr::Value(Value::I32(1));
        let segment = module.elements.add(
            ElementKind::Active { table, offset },
            ElementItems::Functions(vec![taken, taken_late]),
        );
        module.tables.get_mut(table).elem_segments.insert(segment);
        module.emit_wasm()
    }

    fn halves() -> (Module, Module) {
        let halves = split(&module(), &["page".to_owned()]).unwrap();
        let read = |bytes| Module::from_buffer(bytes).unwrap();
        (read(&halves.first), read(&halves.later))
    }

    #[test]
    fn each_function_is_in_one_half() {
        let (first, later) = halves();
        // early, shared, taken, other; late, helper, draw.
        assert_eq!(first.funcs.iter_local().count(), 4);
        assert_eq!(later.funcs.iter_local().count(), 3);
        let imports: Vec<&str> = later.imports.iter().map(|i| i.module.as_str()).collect();
        assert_eq!(imports, [FIRST; 3], "shared, the table, the memory");
        for import in later.imports.iter() {
            assert!(first.exports.iter().any(|export| export.name == import.name));
        }
    }

    #[test]
    fn the_second_half_fills_the_slots_that_the_first_leaves() {
        let (first, later) = halves();
        let filled = |module: &Module| -> Vec<(u32, usize)> {
            let segments = table(module).unwrap().1;
            segments.into_iter().map(|(_, offset, functions)| (offset, functions.len())).collect()
        };
        assert_eq!(filled(&first), [(1, 1)]);
        // draw keeps its slot, late gets one behind the old end.
        assert_eq!(filled(&later), [(2, 2)]);
        let tables = [&first, &later].map(|module| module.tables.iter().next().unwrap().initial);
        assert_eq!(tables, [4, 4]);
    }

    #[test]
    fn memory_is_filled_once() {
        let (first, later) = halves();
        assert_eq!((first.data.iter().count(), later.data.iter().count()), (1, 0));
        assert!(later.memories.iter().next().unwrap().import.is_some());
    }

    #[test]
    fn a_path_fits_whole_words_and_stars_anything() {
        assert!(fits("page::View>::draw", "page::View"));
        assert!(!fits("pages::View", "page"));
        assert!(fits("tree::Node<K, V>>::remove_left", "tree::Node<*>>::remove*"));
        assert!(!fits("tree::Node<K, V>>::insert", "tree::Node<*>>::remove*"));
        assert!(!fits("tree::Node<K, V>>::removed", "tree::Node<*>>::remove"));
    }

    #[test]
    fn a_list_that_names_nothing_is_an_error() {
        assert!(split(&module(), &["nowhere".to_owned()]).is_err());
        assert!(split(b"no module", &["page".to_owned()]).is_err());
    }
}
