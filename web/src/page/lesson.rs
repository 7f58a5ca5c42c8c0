//! A guided run: its step in words, and Back and Next at their fixed places.

use super::Shown;
use crate::route::Route;
use yew::prelude::*;

/// The narration.
#[component]
pub fn Lesson(shown: &Shown) -> Html {
    let Route::Guided { run, step } = &shown.route else { return Html::default() };
    let to = |step: u16| Route::Guided { run: run.clone(), step }.fragment();
    html! {
        <div class="lesson" id="lesson">
            <p class="second">{ format!("Step {step}") }</p>
            <h1>{ run }</h1>
            <p class="voice">{ &shown.view.step }</p>
            <nav class="push" aria-label="Steps">
                <a class="other" id="lesson-back" href={to(step.saturating_sub(1).max(1))}>{ "Back" }</a>
                <a class="main" id="lesson-next" href={to(step.saturating_add(1))}>
                    { "Next step" }</a>
            </nav>
        </div>
    }
}
