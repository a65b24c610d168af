//! The driver against the real rules of a board, over an in-process line that can be made bad.
//! Time is virtual: it moves only while everybody waits.

#[cfg(test)]
mod site;

#[cfg(test)]
mod openings;

#[cfg(test)]
mod events;

#[cfg(test)]
mod strangers;

#[cfg(test)]
mod life;
