//! A balancer of connections: each goes to the next address in turn, or to one behind it if nobody listens there. It keeps
//! no caller at one server, so that whatever depends on the server shows.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

/// One address before several. It lives to the end of the process.
#[derive(Clone)]
pub(crate) struct Balancer {
    pub(crate) address: SocketAddr,
    behind: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Balancer {
    pub(crate) async fn start(behind: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let balancer = Self { address: listener.local_addr().unwrap(), behind: Arc::new(Mutex::new(behind)) };
        let this = balancer.clone();
        tokio::spawn(async move {
            for turn in 0_usize.. {
                let (stream, _) = listener.accept().await.unwrap();
                let behind = this.behind.lock().unwrap().clone();
                tokio::spawn(pass(stream, behind, turn));
            }
        });
        balancer
    }

    /// Puts an address in the place of another one.
    pub(crate) fn replace(&self, old: SocketAddr, new: SocketAddr) {
        for address in self.behind.lock().unwrap().iter_mut().filter(|address| **address == old) {
            *address = new;
        }
    }
}

async fn pass(mut stream: TcpStream, behind: Vec<SocketAddr>, turn: usize) {
    stream.set_nodelay(true).unwrap();
    for nth in 0..behind.len() {
        if let Ok(mut server) = TcpStream::connect(behind[(turn + nth) % behind.len()]).await {
            server.set_nodelay(true).unwrap();
            // However it ends, both connections do.
            let _ = copy_bidirectional(&mut stream, &mut server).await;
            return;
        }
    }
}
