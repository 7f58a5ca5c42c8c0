//! Elements of drawings that are made outside of Yew: those that every picture moves.

use js_sys::JsString;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, SvgGraphicsElement, SvgTransform, SvgsvgElement};

const NAMESPACE: &str = "http://www.w3.org/2000/svg";

// Formatting would drop what these are.
#[rustfmt::skip]
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, static_string)]
    static CLASS: JsString = "class";
    #[wasm_bindgen(thread_local_v2, static_string)]
    static D: JsString = "d";
    #[wasm_bindgen(thread_local_v2, static_string)]
    static OF: JsString = "data-of";
    #[wasm_bindgen(thread_local_v2, static_string)]
    static PART: JsString = "data-part";

    type Drawn;
    #[wasm_bindgen(method, js_name = setAttribute)]
    fn set(this: &Drawn, name: &JsString, value: &str);
}

/// An attribute that is set often: its name is made once, not decoded each time.
#[derive(Clone, Copy, Debug)]
pub enum Often {
    /// The style class.
    Class,
    /// The path.
    D,
    /// What it belongs to.
    Of,
    /// Where on its way it is.
    Part,
}

/// Sets an attribute that is set often.
pub fn set(of: &Element, name: Often, value: &str) {
    let name = match name {
        Often::Class => &CLASS,
        Often::D => &D,
        Often::Of => &OF,
        Often::Part => &PART,
    };
    // The names are valid: no browser refuses them.
    name.with(|name| of.unchecked_ref::<Drawn>().set(name, value));
}

/// Sets the words of an element that has only words. Its text stays the same node.
pub fn write(of: &Element, words: &str) {
    match of.first_child() {
        Some(text) => text.set_node_value(Some(words)),
        None => of.set_text_content(Some(words)),
    }
}

/// A new element, not in the page yet.
///
/// # Errors
/// There is no document, or the browser makes none.
pub fn element(name: &str) -> Result<Element, JsValue> {
    let document = web_sys::window().and_then(|window| window.document());
    document.ok_or(JsValue::NULL)?.create_element_ns(Some(NAMESPACE), name)
}

/// A new element with these attributes, the last one inside of another.
///
/// # Errors
/// As [`element`], or an attribute is refused.
pub fn add(within: &Element, name: &str, attributes: &[(&str, &str)]) -> Result<Element, JsValue> {
    let document = within.owner_document().ok_or(JsValue::NULL)?;
    let made = document.create_element_ns(Some(NAMESPACE), name)?;
    for (name, value) in attributes {
        made.set_attribute(name, value)?;
    }
    within.append_child(&made)?;
    Ok(made)
}

/// A transform of an element that is in a drawing, to be set again and again: no text is made or
/// read for it.
///
/// # Errors
/// It is in none.
pub fn own_transform(of: &Element) -> Result<SvgTransform, JsValue> {
    let svg = of.closest("svg")?.ok_or(JsValue::NULL)?.dyn_into::<SvgsvgElement>()?;
    let list = of.dyn_ref::<SvgGraphicsElement>().ok_or(JsValue::NULL)?.transform().base_val();
    list.append_item(&svg.create_svg_transform())?;
    list.get_item(0)
}

/// The transform that an element was made with, to be set again and again.
///
/// # Errors
/// It was made with none.
pub fn transform_of(of: &Element) -> Result<SvgTransform, JsValue> {
    // The caller made it: what has no transform fails here.
    of.unchecked_ref::<SvgGraphicsElement>().transform().base_val().get_item(0)
}
