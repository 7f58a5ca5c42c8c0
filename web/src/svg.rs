//! Elements of drawings that are made outside of Yew: those that every picture moves.

use js_sys::JsString;
use std::cell::RefCell;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, SvgGraphicsElement, SvgTransform, SvgsvgElement};

const NAMESPACE: &str = "http://www.w3.org/2000/svg";

/// Words that are kept as the browser has them, at most.
const WORDS_MAX: usize = 256;

// Formatting would drop what these are.
#[rustfmt::skip]
#[wasm_bindgen]
extern "C" {
    // What cannot be refused needs no catching, which costs garbage in each call.
    type Drawn;
    #[wasm_bindgen(method, js_name = setAttribute)]
    fn set(this: &Drawn, name: &JsString, value: &str);
    #[wasm_bindgen(method, js_name = setAttribute)]
    fn set_word(this: &Drawn, name: &JsString, value: &JsString);

    type Placed;
    #[wasm_bindgen(method, js_name = setTranslate)]
    fn shift(this: &Placed, x: f32, y: f32);
    #[wasm_bindgen(method, js_name = setRotate)]
    fn turn(this: &Placed, degrees: f32, x: f32, y: f32);
}

thread_local! {
    static WORDS: RefCell<Vec<(Box<str>, JsString)>> = const { RefCell::new(Vec::new()) };
}

macro_rules! often {
    ($($about:literal $attribute:ident $name:literal)+) => {
        /// An attribute that is set often: its name is made once, not decoded each time.
        #[derive(Clone, Copy, Debug)]
        pub enum Often { $(#[doc = $about] $attribute,)+ }

        thread_local! {
            static NAMES: Vec<JsString> = [$($name),+].map(JsString::from).into();
        }
    };
}

often! {
    "The style class." Class "class"
    "The path." D "d"
    "The dashes of a line." Dashes "stroke-dasharray"
    "What a reader hears." Label "aria-label"
    "How much of a time is left." Left "data-left"
    "What it belongs to." Of "data-of"
    "Where on its way it is." Part "data-part"
    "Where it stands." Transform "transform"
    "Its left end." X "x"
    "Its upper end, or the line of its letters." Y "y"
}

impl Often {
    fn with(self, act: impl FnMut(&JsString)) {
        NAMES.with(|names| names.get(self as usize).into_iter().for_each(act));
    }
}

/// Sets an attribute that is set often.
pub fn set(of: &Element, name: Often, value: &str) {
    // The names are valid: no browser refuses them.
    name.with(|name| of.unchecked_ref::<Drawn>().set(name, value));
}

/// The same, to one of few values: the browser's copy of it is kept, not decoded each time.
pub fn set_word(of: &Element, name: Often, word: &str) {
    let set = |word: &JsString| name.with(|name| of.unchecked_ref::<Drawn>().set_word(name, word));
    WORDS.with_borrow_mut(|words| match words.binary_search_by(|(known, _)| (**known).cmp(word)) {
        Ok(place) => words.get(place).into_iter().for_each(|(_, kept)| set(kept)),
        Err(place) => {
            let made = JsString::from(word);
            set(&made);
            if words.len() < WORDS_MAX {
                words.insert(place, (word.into(), made));
            }
        }
    });
}

/// Puts what has this transform at a place, given in finite numbers: a browser takes no others.
pub fn shift(transform: &SvgTransform, x: f32, y: f32) {
    transform.unchecked_ref::<Placed>().shift(x, y);
}

/// Turns what has this transform around its origin, by a finite number.
pub fn turn(transform: &SvgTransform, degrees: f32) {
    transform.unchecked_ref::<Placed>().turn(degrees, 0.0, 0.0);
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
