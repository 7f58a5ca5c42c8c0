//! Cuts a wasm module in two: what the first screen runs, and what may come later.
//!
//! Both halves share memory and tables. A function that comes later keeps a slot in the table of
//! functions, which the second half fills when it comes. Until then a small function stands in for
//! it, in the slot and wherever the first half calls it: it has the second half brought in, at once,
//! and goes on with what then is in the slot. So no source has to know where a function went, and a
//! wrong guess costs a moment, nothing else. The second half imports from the first what it needs.
//!
//! Which functions come later is decided by name (`list`): those that a measured list names, those
//! that are made for their types, and those that are called by nothing else (`plan`).

mod cut;
mod data;
mod list;
mod plan;
mod rename;

pub(crate) use data::Data;
pub(crate) use list::List;
pub(crate) use plan::names;

use anyhow::{Context, Result, ensure};
use list::Belongs;
use plan::Plan;
use std::collections::{BTreeMap, BTreeSet};
use walrus::ir::{self, Value};
use walrus::{
    ConstExpr, ElementId, ElementItems, ElementKind, FunctionId, LocalFunction, Module,
    ModuleConfig, TableId,
};

/// Name of the first half for the second one, as a module to import from.
const FIRST: &str = "first";
/// Name of the table of functions, for the page too.
const TABLE: &str = "table";
/// The exported function that brings in the second half at once (`web/src/later.rs`).
const BRING: &str = "zabscopeBring";

/// The two halves of a module.
#[derive(Debug)]
pub(crate) struct Halves {
    /// Needed at once.
    pub(crate) first: Vec<u8>,
    /// May come later.
    pub(crate) later: Vec<u8>,
    /// The script of the first.
    pub(crate) script: String,
}

/// Cuts `wasm`, which still has the names of its functions; the halves have none. `script` is what
/// wasm-bindgen made for it, `data` tells of the same program before anything was done to it.
pub(crate) fn split(wasm: &[u8], script: &str, list: &List, data: &Data) -> Result<Halves> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    let parse = || {
        let mut module = Module::from_buffer_with_config(wasm, &config).context("the module")?;
        // They tell of what is not here any more.
        for section in module.customs.iter().map(|(id, _)| id).collect::<Vec<_>>() {
            module.customs.delete(section);
        }
        Ok::<_, anyhow::Error>(module)
    };
    let whole = parse()?;
    let plan = Plan::new(&whole, list)?;
    let first: BTreeSet<&str> = whole
        .funcs
        .iter()
        .enumerate()
        .filter(|(place, _)| !plan.later.contains(place))
        .filter_map(|(_, function)| function.name.as_deref())
        .collect();
    let known: BTreeSet<&str> =
        whole.funcs.iter().filter_map(|function| function.name.as_deref()).collect();
    // A function that has another name now may be anywhere.
    let constants = data.later(|name| known.contains(name) && !first.contains(name));
    let mut later = parse()?;
    let needs = plan.cut_later(&mut later, &constants)?;
    let mut first = parse()?;
    plan.cut_first(&mut first, &needs, &constants)?;
    let script = rename::shorten(&mut first, script);
    Ok(Halves { first: first.emit_wasm(), later: later.emit_wasm(), script })
}

/// The functions that come later, by their place.
pub(crate) fn later(module: &Module, list: &List) -> Result<BTreeSet<usize>> {
    Ok(Plan::new(module, list)?.later)
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
}

impl<'i> ir::Visitor<'i> for Uses {
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
        let bring = function("bring", &[]);
        for (name, function) in [("early", early), ("other", other), (BRING, bring)] {
            module.exports.add(name, function);
        }
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
        let halves = split(&module(), "", &List::read("page"), &Data::default()).unwrap();
        let read = |bytes| Module::from_buffer(bytes).unwrap();
        (read(&halves.first), read(&halves.later))
    }

    #[test]
    fn each_function_is_in_one_half() {
        let (first, later) = halves();
        // early, shared, taken, other, bring; for late and draw a stand-in each, and what these have
        // in common.
        assert_eq!(first.funcs.iter_local().count(), 5 + 2 + 1);
        // late, helper, draw.
        assert_eq!(later.funcs.iter_local().count(), 3);
        let imports: Vec<&str> = later.imports.iter().map(|i| i.module.as_str()).collect();
        assert_eq!(imports, [FIRST; 3], "shared, the table, the memory");
        for import in later.imports.iter() {
            let is_slot = import.name.parse::<u32>().is_ok();
            assert!(is_slot || first.exports.iter().any(|export| export.name == import.name));
        }
    }

    #[test]
    fn the_second_half_fills_the_slots_where_the_first_has_what_stands_in() {
        let (first, later) = halves();
        let filled = |module: &Module| -> Vec<(u32, usize)> {
            let segments = table(module).unwrap().1;
            segments.into_iter().map(|(_, offset, functions)| (offset, functions.len())).collect()
        };
        // draw keeps its slot, late gets one behind the old end, and shared one behind that, from where
        // the second half has it.
        assert_eq!(filled(&first), [(1, 4)]);
        assert_eq!(filled(&later), [(2, 2)]);
        assert!(later.imports.iter().any(|import| import.name == "4"));
        let tables = [&first, &later].map(|module| module.tables.iter().next().unwrap().initial);
        assert_eq!(tables, [5, 5]);
    }

    #[test]
    fn memory_is_filled_once() {
        let (first, later) = halves();
        assert_eq!((first.data.iter().count(), later.data.iter().count()), (1, 0));
        assert!(later.memories.iter().next().unwrap().import.is_some());
    }

    #[test]
    fn a_list_that_names_nothing_is_an_error() {
        assert!(split(&module(), "", &List::read("nowhere"), &Data::default()).is_err());
        assert!(split(b"no module", "", &List::read("page"), &Data::default()).is_err());
    }
}
