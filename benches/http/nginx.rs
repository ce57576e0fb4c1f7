//! nginx as a plain proxy before the same model server: what a hop costs that understands nothing.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running nginx.
pub(crate) struct Nginx {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Nginx {
    /// `None` where it is not installed.
    pub(crate) fn start(upstream: SocketAddr) -> Option<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-nginx");
        std::fs::create_dir_all(&folder).unwrap();
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
        let configuration = format!(
            "daemon off; pid nginx.pid; error_log stderr error; worker_processes 2;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;\n\
             keepalive_requests 1000000;\n\
             upstream ollama {{ server {upstream}; keepalive 64; keepalive_requests 1000000; }}\n\
             server {{ listen {free} backlog=1024; location / {{ proxy_pass http://ollama; proxy_http_version 1.1;\n\
             proxy_set_header Connection \"\"; proxy_buffering off; }} }} }}\n"
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, configuration).unwrap();
        let program = ["nginx", "/usr/sbin/nginx"].into_iter().find_map(|program| {
            let mut command = Command::new(program);
            command.arg("-p").arg(&folder).arg("-c").arg(&file).stdin(Stdio::null());
            command.spawn().ok()
        });
        let mut nginx = Self { child: program?, address: free };
        let start = Instant::now();
        while std::net::TcpStream::connect(free).is_err() {
            assert!(start.elapsed() < Duration::from_secs(5), "nginx does not listen");
            if let Ok(Some(status)) = nginx.child.try_wait() {
                panic!("nginx has ended: {status}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Some(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // A quick end, of its workers too.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}
