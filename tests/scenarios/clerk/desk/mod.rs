//! The clerk's desk: `registering` people, their papers, coming and leaving · `reader` cards on the desk.

mod registering;
mod reader;
