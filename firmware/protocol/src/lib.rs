//! Messages and frames between the box and the gate board.
