//! Real pseudo-terminals and sockets.

use drivers_link::{
    BoxedLink, LinkAddress, LinkCause, LinkError, LinkOpener, SystemLinks, discard_input,
    read_some, send,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio_serial::{SerialPort, SerialStream};

/// A pseudo-terminal: its master, its slave (kept open so that the terminal stays), its address.
fn terminal() -> Result<(SerialStream, SerialStream, LinkAddress), Box<dyn std::error::Error>> {
    let (master, mut slave) = SerialStream::pair()?;
    slave.set_exclusive(false)?;
    let path = slave.name().ok_or("a slave without a name")?;
    let address = format!("serial:{path}?baud=115200").parse()?;
    Ok((master, slave, address))
}

async fn open(address: &LinkAddress) -> Result<BoxedLink, LinkError> {
    SystemLinks::default().open(address).await
}

#[tokio::test]
async fn bytes_go_both_ways_over_a_terminal() {
    let (mut master, slave, address) = terminal().unwrap();
    drop(slave);
    let mut link = open(&address).await.unwrap();
    send(&mut link, &[0xAA, 0x00, 0x0A, 0x0D, 0x11, 0xFF])
        .await
        .unwrap();
    let mut heard = [0; 6];
    master.read_exact(&mut heard).await.unwrap();
    assert_eq!(heard, [0xAA, 0x00, 0x0A, 0x0D, 0x11, 0xFF]);
    master.write_all(&[0x03, 0x04, 0x13, 0x0D]).await.unwrap();
    let mut got = Vec::new();
    let mut buffer = [0; 16];
    while got.len() < 4 {
        let count = read_some(&mut link, &mut buffer).await.unwrap();
        got.extend_from_slice(&buffer[..count]);
    }
    assert_eq!(got, [0x03, 0x04, 0x13, 0x0D]);
}

#[tokio::test]
async fn a_terminal_whose_far_end_is_gone_is_unplugged() {
    let (master, slave, address) = terminal().unwrap();
    drop(slave);
    let mut link = open(&address).await.unwrap();
    drop(master);
    let error = read_some(&mut link, &mut [0; 16]).await.unwrap_err();
    assert!(
        matches!(error, LinkError::Unplugged | LinkError::Read { .. }),
        "{error:?}"
    );
    assert!(discard_input(&mut link).await.is_err());
    assert!(send(&mut link, &[1]).await.is_err());
}

#[tokio::test]
async fn a_port_held_by_another_is_not_an_unplugged_one() {
    let (_master, slave, address) = terminal().unwrap();
    drop(slave);
    let _first = open(&address).await.unwrap();
    let error = open(&address).await.err().unwrap();
    assert!(matches!(error, LinkError::Held { .. }), "{error:?}");
    assert_eq!(error.cause(), LinkCause::Held);
    assert!(error.to_string().contains("another program holds the port"));
}

#[tokio::test]
async fn a_device_that_does_not_exist_is_missing() {
    let address = "serial:/dev/menwei-nothing-here".parse().unwrap();
    let error = open(&address).await.err().unwrap();
    assert!(matches!(error, LinkError::Missing { .. }), "{error:?}");
    assert_eq!(error.cause(), LinkCause::Missing);
}

#[tokio::test]
async fn what_is_no_serial_port_is_not_opened() {
    let address = "serial:/dev/null".parse().unwrap();
    let error = open(&address).await.err().unwrap();
    assert!(matches!(error, LinkError::Open { .. }), "{error:?}");
}

#[tokio::test]
async fn bytes_go_both_ways_over_a_socket_until_it_is_closed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tcp:{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let (link, accepted) = tokio::join!(open(&address), listener.accept());
    let (mut link, mut far) = (link.unwrap(), accepted.unwrap().0);
    send(&mut link, b"find").await.unwrap();
    let mut heard = [0; 4];
    far.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"find");
    far.write_all(b"x").await.unwrap();
    assert_eq!(read_some(&mut link, &mut [0; 16]).await.unwrap(), 1);
    drop(far);
    let error = read_some(&mut link, &mut [0; 16]).await.unwrap_err();
    assert!(matches!(error, LinkError::Unplugged), "{error:?}");
}

#[tokio::test]
async fn a_socket_where_nobody_listens_is_missing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tcp:{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    drop(listener);
    let error = open(&address).await.err().unwrap();
    assert!(matches!(error, LinkError::Missing { .. }), "{error:?}");
    assert_eq!(error.cause(), LinkCause::Missing);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_answer_is_given_up() {
    // Nobody accepts, so that after a few connections the system leaves the next one waiting.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = format!("tcp:{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let mut held = Vec::new();
    let error = loop {
        match open(&address).await {
            Ok(link) => held.push(link),
            Err(error) => break error,
        }
        assert!(held.len() < 64);
    };
    let given_up = matches!(
        error,
        LinkError::ConnectTimeout {
            timeout_ms: 3_000,
            ..
        }
    );
    assert!(given_up, "{error:?}");
}

#[tokio::test]
async fn discarding_takes_what_is_there_and_does_not_wait() {
    let (mut far, mut link) = tokio::io::duplex(4_096);
    assert_eq!(discard_input(&mut link).await.unwrap(), 0);
    far.write_all(&[7; 1_300]).await.unwrap();
    assert_eq!(discard_input(&mut link).await.unwrap(), 1_300);
    far.write_all(&[8]).await.unwrap();
    let mut buffer = [0; 4];
    assert_eq!(read_some(&mut link, &mut buffer).await.unwrap(), 1);
    assert_eq!(buffer[0], 8);
}
