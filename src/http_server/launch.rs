//! The link that opens the page as the user who runs this server, and the browser that opens it.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::write;
use crate::running_server::RunningServer;
use accounts::AccountService;
use http::HttpServer;
use settings::ServeSettings;

/// How long a browser may take to read the file, where this process does not go on.
const READ_WITHIN: Duration = Duration::from_secs(5);

/// The address of the page, and with a code what opens it as the local owner.
pub(super) struct Link {
    address: String,
    code: Option<String>,
    /// Where others find the page, if that is another address.
    public: Option<String>,
}

/// A file that leads a browser to the link. It is removed with this value.
pub(super) struct LaunchFile(PathBuf);

impl Drop for LaunchFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Link {
    fn opening(&self) -> String {
        match &self.code {
            Some(code) => format!("{}#launch={code}", self.address),
            None => self.address.clone(),
        }
    }
}

/// The link of a server that listens. It has a code only where somebody sees or opens it.
pub(super) fn link(
    server: &HttpServer,
    serve: &ServeSettings,
    accounts: &AccountService,
    opens_page: bool,
) -> Option<Link> {
    let listens = server.addresses().iter().find(|address| address.ip().is_loopback());
    let address = match (listens, &serve.public_url) {
        (Some(address), _) => format!("http://{address}/"),
        (None, Some(url)) => url.to_string(),
        // Beyond this machine the page needs https, which a proxy has: nobody knows its address here.
        (None, None) => return None,
    };
    // A code is worth nothing beyond this machine, where people sign in.
    let is_used = opens_page || io::stdout().is_terminal();
    let code = listens.filter(|_| is_used).and_then(|_| accounts.launch_code().ok());
    let public = listens.and(serve.public_url.as_ref()).map(ToString::to_string);
    Some(Link { address, code, public })
}

/// The line that tells where the page is. The code is told to a terminal alone: elsewhere the output may be a log that
/// others read.
pub(super) fn line(link: Option<&Link>) -> String {
    let Some(link) = link else { return String::new() };
    let shown = if io::stdout().is_terminal() { link.opening() } else { link.address.clone() };
    let others = link.public.as_ref().map_or_else(String::new, |url| format!("and for others at {url}\n"));
    format!("The page is at {shown}\n{others}")
}

/// Opens the page in the user's browser, by a file that only this user can read: a code in a command line can be read by
/// every user.
pub(super) fn open(link: Option<&Link>, data_dir: Option<&Path>) -> Option<LaunchFile> {
    let Some(link) = link else {
        write("--open opens nothing: this server listens for other machines alone, and has no public_url\n");
        return None;
    };
    opened(link, data_dir).map_err(|error| write(&format!("The browser cannot be opened: {error}\n"))).ok()
}

/// Opens the page of the server of this user that runs already at the address of the settings; whether there is one.
pub(super) async fn open_running(serve: &ServeSettings, data_dir: Option<&Path>) -> bool {
    let Some(running) = data_dir.and_then(RunningServer::find) else { return false };
    let wanted = serve.listen.connectable().map(|address| address.port());
    if wanted != Some(running.address.port()) {
        return false;
    }
    let Some(code) = running.launch_code().await else { return false };
    let link = Link { address: format!("http://{}/", running.address), code: Some(code), public: None };
    write(&format!("The server runs already. {}", line(Some(&link))));
    let Some(file) = open(Some(&link), data_dir) else { return false };
    // The browser reads it after the command that opens it has ended, and this process ends now.
    tokio::time::sleep(READ_WITHIN).await;
    drop(file);
    true
}

fn opened(link: &Link, data_dir: Option<&Path>) -> io::Result<LaunchFile> {
    let directory = data_dir.map_or_else(std::env::temp_dir, Path::to_path_buf);
    platform::create_private_directory(&directory)?;
    let path = directory.join(format!("open-{}.html", std::process::id()));
    let _ = std::fs::remove_file(&path);
    platform::create_private_file(&path)?;
    let file = LaunchFile(path);
    std::fs::write(&file.0, document(&link.opening()))?;
    opener::open_browser(&file.0).map_err(io::Error::other)?;
    Ok(file)
}

fn document(address: &str) -> String {
    // An address of ours has no character that HTML would read otherwise.
    format!(
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\"><title>ollama-mcp</title>\
         <meta http-equiv=\"refresh\" content=\"0; url={address}\"><p><a href=\"{address}\">Open ollama-mcp</a></p>\n"
    )
}
