//! The whole simulator over real pseudo-terminals, against a box of a few lines that knows only published bytes.

#[cfg(test)]
mod mini_box;
#[cfg(test)]
mod line;
#[cfg(test)]
mod visits;
#[cfg(test)]
mod page;
