//! Serial ports and sockets opened by address, with reconnection.
