//! What a wasm module asks of its host: the import section, by the WebAssembly specification.

use anyhow::{Context, Result, bail, ensure};

/// Number of the import section.
const IMPORTS: u8 = 2;

/// Every import of a module, as `module.name`.
///
/// C code and threads show up as imports from a module `env`, which no browser has.
pub(crate) fn imports(module: &[u8]) -> Result<Vec<String>> {
    let mut rest = module.strip_prefix(b"\0asm\x01\0\0\0").context("not a wasm module")?;
    while !rest.is_empty() {
        let number = take(&mut rest, 1)?[0];
        let length = count(&mut rest)?;
        let mut section = take(&mut rest, length)?;
        if number == IMPORTS {
            let total = count(&mut section)?;
            return (0..total).map(|_| import(&mut section)).collect();
        }
    }
    Ok(Vec::new())
}

fn import(rest: &mut &[u8]) -> Result<String> {
    let (module, name) = (text(rest)?, text(rest)?);
    match take(rest, 1)?[0] {
        0 => drop(count(rest)?),
        1 => {
            take(rest, 1)?;
            limits(rest)?;
        }
        2 => limits(rest)?,
        3 => drop(take(rest, 2)?),
        4 => {
            take(rest, 1)?;
            count(rest)?;
        }
        other => bail!("import {module}.{name} of unknown kind {other}"),
    }
    Ok(format!("{module}.{name}"))
}

fn limits(rest: &mut &[u8]) -> Result<()> {
    let has_maximum = take(rest, 1)?[0] & 1 == 1;
    count(rest)?;
    if has_maximum {
        count(rest)?;
    }
    Ok(())
}

fn text(rest: &mut &[u8]) -> Result<String> {
    let length = count(rest)?;
    Ok(String::from_utf8_lossy(take(rest, length)?).into_owned())
}

/// An unsigned number in LEB128.
fn count(rest: &mut &[u8]) -> Result<usize> {
    let mut value = 0_usize;
    for shift in (0..35).step_by(7) {
        let byte = take(rest, 1)?[0];
        value |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    bail!("a number of more than 32 bits")
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8]> {
    ensure!(length <= rest.len(), "the module is cut off");
    let (head, tail) = rest.split_at(length);
    *rest = tail;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module with an empty type section and the import section given.
    fn module(imports: &[u8]) -> Vec<u8> {
        let mut bytes = b"\0asm\x01\0\0\0\x01\x01\0\x02".to_vec();
        bytes.push(u8::try_from(imports.len()).unwrap());
        bytes.extend(imports);
        bytes
    }

    #[test]
    fn every_kind_of_import_is_named() {
        let section = b"\x04\x03env\x01f\0\x05\x03env\x01m\x02\x01\x01\x80\x02\
            \x01a\x01t\x01\x70\0\x01\x01a\x01g\x03\x7f\0";
        let found = imports(&module(section)).unwrap();
        assert_eq!(found, ["env.f", "env.m", "a.t", "a.g"]);
    }

    #[test]
    fn a_module_without_imports_has_none() {
        assert!(imports(b"\0asm\x01\0\0\0").unwrap().is_empty());
        assert!(imports(&module(b"\0")).unwrap().is_empty());
    }

    #[test]
    fn a_damaged_module_is_an_error() {
        assert!(imports(b"elf").is_err());
        assert!(imports(&module(b"\x01\x03env\x01f")).is_err());
        assert!(imports(b"\0asm\x01\0\0\0\x02\x09\x01").is_err());
    }
}
