//! What holds for the operations of one path, by method.

use actix_web::http::Method;

/// One thing for each operation of a path; HEAD is asked as GET is.
#[derive(Debug, Clone)]
pub(crate) struct ByMethod<T>(Vec<(Method, T)>);

impl<T> Default for ByMethod<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> ByMethod<T> {
    pub(crate) fn add(&mut self, method: &Method, thing: T) {
        self.0.push((method.clone(), thing));
    }

    pub(crate) fn of(&self, method: &Method) -> Option<&T> {
        let asked = if *method == Method::HEAD { &Method::GET } else { method };
        self.0.iter().find(|(known, _)| known == asked).map(|(_, thing)| thing)
    }
}
