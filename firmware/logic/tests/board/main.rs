//! The board as the box and the people in the lane see it: bytes and levels in, bytes and levels
//! out.

#[cfg(test)]
mod rig;

#[cfg(test)]
mod passages;

#[cfg(test)]
mod fire_and_alarms;

#[cfg(test)]
mod line;

#[cfg(test)]
mod once_only;

#[cfg(test)]
mod noise;

#[cfg(test)]
mod scripted;

#[cfg(test)]
mod cards;

#[cfg(test)]
mod memory;
