//! Short names for what a module and its script have of each other: the long ones of wasm-bindgen
//! are there twice, and each has a number that nothing shortens.

use std::collections::BTreeMap;
use walrus::Module;

/// How names that wasm-bindgen or the compiler made begin; other names are for people.
const MADE: char = '_';

/// Gives short names to all imports, and to the exports that have made names, in the module and in
/// the script.
pub(super) fn shorten(module: &mut Module, script: &str) -> String {
    let mut short: BTreeMap<String, String> = BTreeMap::new();
    let mut shortened = |name: &mut String| {
        let next = letters(short.len());
        *name = short.entry(core::mem::take(name)).or_insert(next).clone();
    };
    for import in module.imports.iter_mut() {
        shortened(&mut import.name);
    }
    for export in module.exports.iter_mut().filter(|export| export.name.starts_with(MADE)) {
        shortened(&mut export.name);
    }
    let is_of_word = |sign: char| sign.is_ascii_alphanumeric() || sign == '_' || sign == '$';
    let mut text = String::with_capacity(script.len());
    let mut rest = script;
    while let Some(start) = rest.find(is_of_word) {
        let (before, from) = rest.split_at(start);
        let (word, behind) =
            from.split_at(from.find(|sign| !is_of_word(sign)).unwrap_or(from.len()));
        text.push_str(before);
        text.push_str(short.get(word).map_or(word, String::as_str));
        rest = behind;
    }
    text.push_str(rest);
    text
}

/// The name of this number: `a` to `z`, `aa` and on.
fn letters(number: usize) -> String {
    let letter = char::from(b'a' + u8::try_from(number % 26).unwrap_or_default());
    let before = if number < 26 { String::new() } else { letters(number / 26 - 1) };
    format!("{before}{letter}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use walrus::{FunctionBuilder, ModuleConfig};

    #[test]
    fn made_names_are_short_in_both_and_others_stay() {
        let mut module = Module::with_config(ModuleConfig::new());
        let ty = module.types.add(&[], &[]);
        module.add_import_func("./app_bg.js", "__wbg_call_1234", ty);
        let mut builder = FunctionBuilder::new(&mut module.types, &[], &[]);
        builder.func_body().i32_const(1).drop();
        let function = builder.finish(Vec::new(), &mut module.funcs);
        module.exports.add("__wbindgen_start", function);
        module.exports.add("start", function);
        let script = "const i = { __wbg_call_1234: call }; wasm.__wbindgen_start(); wasm.start()";
        let short = shorten(&mut module, script);
        assert_eq!(short, "const i = { a: call }; wasm.b(); wasm.start()");
        assert_eq!(module.imports.iter().next().unwrap().name, "a");
        let exports: Vec<&str> = module.exports.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(exports, ["b", "start"]);
    }

    #[test]
    fn numbers_have_names() {
        let names = [0, 25, 26, 27, 701, 702].map(letters);
        assert_eq!(names, ["a", "z", "aa", "ab", "zz", "aaa"]);
    }
}
