//! Making the two halves.

use super::plan::Plan;
use super::{FIRST, TABLE, Uses, data, numbered, places, table, uses};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::ops::Range;
use walrus::ir::{self, Value, VisitorMut};
use walrus::{
    ConstExpr, ElementItems, ElementKind, FunctionBuilder, FunctionId, FunctionKind, GlobalKind,
    ImportedFunction, Module, TableId, ValType,
};

/// What the second half imports. Functions it has from the table of functions, by their slots: that
/// takes a third of the room that as many exports would take.
pub(super) struct Needs {
    /// Slots of the functions that get one for this.
    functions: BTreeMap<usize, u32>,
    globals: BTreeMap<usize, String>,
    tables: BTreeMap<usize, String>,
    /// Number of slots of the table of functions.
    size: u64,
}

impl Plan {
    /// Leaves the second half, and says what it imports.
    pub(super) fn cut_later(&self, module: &mut Module, constants: &[Range<u32>]) -> Result<Needs> {
        // The memory is full already: writing its first content again would undo what has happened.
        data::keep(module, constants)?;
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

        let mut needs = Needs {
            functions: BTreeMap::new(),
            globals: BTreeMap::new(),
            tables: BTreeMap::new(),
            size: self.size,
        };
        for function in &used.functions {
            let at = place[function];
            if self.later.contains(&at) {
                continue;
            }
            let slot = match self.known.get(&at) {
                Some(slot) => *slot,
                None => {
                    let slot = u32::try_from(needs.size)?;
                    needs.functions.insert(at, slot);
                    needs.size += 1;
                    slot
                }
            };
            if let FunctionKind::Import(outer) = &module.funcs.get(*function).kind {
                // From the first half too: it has what glues it to its script.
                let outer = outer.import;
                module.imports.delete(outer);
            }
            let import = module.imports.add(FIRST, &slot.to_string(), *function);
            let ty = module.funcs.get(*function).ty();
            module.funcs.get_mut(*function).kind =
                FunctionKind::Import(ImportedFunction { import, ty });
        }
        for (at, id) in globals.iter().enumerate().filter(|(_, id)| used.globals.contains(id)) {
            let name = format!("g{at}");
            let import = module.imports.add(FIRST, &name, *id);
            module.globals.get_mut(*id).kind = GlobalKind::Import(import);
            needs.globals.insert(at, name);
        }
        for (at, id) in tables.iter().enumerate().filter(|(_, id)| used.tables.contains(id)) {
            let name = if *id == functions { TABLE.to_owned() } else { format!("t{at}") };
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
        grow(module, functions, needs.size);
        walrus::passes::gc::run(module);
        Ok(needs)
    }

    /// Leaves the first half.
    pub(super) fn cut_first(
        &self,
        module: &mut Module,
        needs: &Needs,
        constants: &[Range<u32>],
    ) -> Result<()> {
        data::remove(module, constants)?;
        let ids = places(module);
        let (functions, segments) = table(module)?;
        let (globals, tables): (Vec<_>, Vec<_>) = (
            module.globals.iter().map(walrus::Global::id).collect(),
            module.tables.iter().map(walrus::Table::id).collect(),
        );
        let local: Vec<FunctionId> = module.funcs.iter_local().map(|(id, _)| id).collect();
        let mut standing = Standing(self.stand_ins(module, &ids, functions)?);
        let mut filled = BTreeMap::new();
        for (segment, offset, listed) in segments {
            filled.extend((offset..).zip(listed));
            module.tables.get_mut(functions).elem_segments.remove(&segment);
            module.elements.delete(segment);
        }
        for (place, slots) in &self.slots {
            filled.extend(slots.iter().map(|slot| (*slot, ids[*place])));
        }
        for function in filled.values_mut() {
            standing.visit_function_id_mut(function);
        }
        filled.extend(needs.functions.iter().map(|(place, slot)| (*slot, ids[*place])));
        fill(module, functions, filled);
        grow(module, functions, needs.size);
        for id in local {
            let body = module.funcs.get_mut(id).kind.unwrap_local_mut();
            let entry = body.entry_block();
            ir::dfs_pre_order_mut(&mut standing, body, entry);
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

    /// For each function that the first half wants of the second, one that stands in for it: it has
    /// the second half brought in and calls what then is in the slot.
    fn stand_ins(
        &self,
        module: &mut Module,
        ids: &[FunctionId],
        table: TableId,
    ) -> Result<BTreeMap<FunctionId, FunctionId>> {
        let ready = ready(module, ids[self.bring]);
        let mut all = BTreeMap::new();
        for place in &self.wanted {
            let slot = self.slots.get(place).and_then(|slots| slots.first());
            let slot = i32::try_from(*slot.context("a function without a slot")?)?;
            let ty = module.funcs.get(ids[*place]).ty();
            let (takes, gives) = module.types.params_results(ty);
            let (takes, gives) = (takes.to_vec(), gives.to_vec());
            let arguments: Vec<_> = takes.iter().map(|ty| module.locals.add(*ty)).collect();
            let mut builder = FunctionBuilder::new(&mut module.types, &takes, &gives);
            let mut body = builder.func_body();
            for argument in &arguments {
                body.local_get(*argument);
            }
            body.i32_const(slot).call(ready).call_indirect(ty, table);
            all.insert(ids[*place], builder.finish(arguments, &mut module.funcs));
        }
        Ok(all)
    }
}

fn grow(module: &mut Module, table: TableId, size: u64) {
    let table = module.tables.get_mut(table);
    table.initial = size;
    table.maximum = table.maximum.map(|maximum| maximum.max(size));
}

/// A function that gives the slot it is given, once the second half is there.
fn ready(module: &mut Module, bring: FunctionId) -> FunctionId {
    let zero = ConstExpr::Value(Value::I32(0));
    let is_here = module.globals.add_local(ValType::I32, true, false, zero);
    let slot = module.locals.add(ValType::I32);
    let mut builder = FunctionBuilder::new(&mut module.types, &[ValType::I32], &[ValType::I32]);
    builder
        .func_body()
        .global_get(is_here)
        .if_else(
            None,
            |_| {},
            |missing| {
                missing.call(bring).i32_const(1).global_set(is_here);
            },
        )
        .local_get(slot);
    builder.finish(vec![slot], &mut module.funcs)
}

/// Functions in place of others.
struct Standing(BTreeMap<FunctionId, FunctionId>);

impl VisitorMut for Standing {
    fn visit_function_id_mut(&mut self, function: &mut FunctionId) {
        if let Some(other) = self.0.get(function) {
            *function = *other;
        }
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
