//! What users should know of each host, in Markdown, for MCP_SETUP.md.

#[derive(Debug)]
pub struct HostDocs {
    /// What to do after an installation: one sentence, which the command line prints too.
    pub next: &'static str,
    /// Text before the block: where the host opens its file, and the like.
    pub note: &'static str,
    /// More blocks, and what they are for.
    pub more: &'static str,
    /// How to check that it works.
    pub check: &'static str,
    /// What to do if it does not.
    pub trouble: &'static str,
}

pub(super) const VSCODE: HostDocs = HostDocs {
    next: "Run \"MCP: List Servers\" in VS Code, choose the server and start it.",
    note: "The command **MCP: Open User Configuration** opens the user's file, even if a profile has it elsewhere\n\
           (`install` writes the file of the default profile).",
    more: "VS Code can ask for the address once and remember it (useful in a file that a team shares):\n\n\
```json
{
  \"inputs\": [
    {
      \"type\": \"promptString\",
      \"id\": \"ollama-host\",
      \"description\": \"Where Ollama is\",
      \"default\": \"http://127.0.0.1:11434\"
    }
  ],
  \"servers\": {
    \"ollama\": {
      \"type\": \"stdio\",
      \"command\": \"ollama-mcp\",
      \"env\": { \"OLLAMA_HOST\": \"${input:ollama-host}\" }
    }
  }
}
```

To let local models read the files of the workspace (`attachments`), which then do not pass through the cloud model; VS Code fills
in the folder. By command: `ollama-mcp install --host vscode --scope workspace --allow-dir '${workspaceFolder}'`, or:

```json
{
  \"servers\": {
    \"ollama\": {
      \"type\": \"stdio\",
      \"command\": \"ollama-mcp\",
      \"args\": [\"--allow-dir\", \"${workspaceFolder}\"]
    }
  }
}
```

VS Code can also ask for the key of a running server once, and keep it in the system's store of secrets:

```json
{
  \"inputs\": [
    { \"type\": \"promptString\", \"id\": \"ollama-key\", \"description\": \"Key of ollama-mcp\", \"password\": true }
  ],
  \"servers\": {
    \"ollama\": {
      \"type\": \"http\",
      \"url\": \"https://models.example.com/mcp\",
      \"headers\": { \"Authorization\": \"Bearer ${input:ollama-key}\" }
    }
  }
}
```",
    check: "run **MCP: List Servers**, choose `ollama`, start it; the tools are then in the tool picker of the chat, in agent mode.\n\
            Ask \"list my local models\".",
    trouble: "the same menu has **Show Output** with the server's log, and **Restart**. VS Code asks whether you trust a\n\
              server before its first start. Sessions of the Copilot CLI cannot use `${input:...}` variables: use the first\n\
              block there.",
};

pub(super) const VSCODE_INSIDERS: HostDocs = HostDocs {
    next: "Run \"MCP: List Servers\" in VS Code Insiders, choose the server and start it.",
    note: "It has its own settings folder; the file of a project is the same as VS Code's.",
    more: "",
    check: VSCODE.check,
    trouble: "the same menu has **Show Output** with the server's log, and **Restart**.",
};

pub(super) const CLAUDE_DESKTOP: HostDocs = HostDocs {
    next: "Quit Claude Desktop completely (closing its window is not enough) and start it again.",
    note: "**Settings > Developer > Edit Config** opens it. If Windows installed the app as an MSIX package (the usual way since\n\
           2026), that button opens the wrong file: the app reads the one below `%LOCALAPPDATA%\\Packages`, and `install` finds it.",
    more: "To let local models read the files of a folder (`attachments`), allow it: `\"args\": [\"--allow-dir\",\n\
           \"/Users/you/Documents/project\"]`, or `ollama-mcp install --host claude-desktop --allow-dir ~/Documents/project`.",
    check: "quit the app completely (closing its window is not enough) and start it again. `ollama` is listed under **Settings >\n\
            Developer**, and among the tools of a chat.",
    trouble: "read `mcp-server-ollama.log`, in `~/Library/Logs/Claude` on macOS or `%APPDATA%\\Claude\\logs` on Windows. One comma\n\
              too many in the file makes all servers disappear. The app waits about a minute for a tool. A call\n\
              returns the text so far before that, and Claude fetches the rest with `get_completion`.",
};

pub(super) const CLAUDE_CODE: HostDocs = HostDocs {
    next: "Start a new session of Claude Code and run /mcp in it.",
    note: "`CLAUDE_CONFIG_DIR` moves the user's file to that folder. Claude Code has a command that does the same:\n\
           `claude mcp add --scope user ollama -- ollama-mcp`; `install` has no equivalent of its scope `local` (you, this project).",
    more: "A `.mcp.json` that a team shares, which each developer approves once; it works wherever `ollama-mcp` is on the `PATH`:\n\n\
```json
{
  \"mcpServers\": {
    \"ollama\": {
      \"type\": \"stdio\",
      \"command\": \"ollama-mcp\",
      \"args\": [],
      \"env\": { \"OLLAMA_HOST\": \"${OLLAMA_HOST:-http://127.0.0.1:11434}\" }
    }
  }
}
```",
    check: "`claude mcp list` in a shell, `/mcp` in a session. The prompts are slash commands, such as\n\
            `/mcp__ollama__ask_local_model`.",
    trouble: "`claude mcp get ollama` shows the command, `claude --debug` the server's messages. Close running sessions\n\
              before `install`: Claude Code writes this file itself, frequently.",
};

pub(super) const CURSOR: HostDocs = HostDocs {
    next: "Restart Cursor and look for the server under Customize > MCPs.",
    note: "",
    more: "Values can use variables of Cursor's environment as `${env:OLLAMA_HOST}`, if they are set.",
    check: "restart Cursor; its settings (**Customize > MCPs**) list `ollama` with its tools, switched on.",
    trouble: "open the **Output** panel and choose **MCP Logs**.",
};

pub(super) const WINDSURF: HostDocs = HostDocs {
    next: "Restart the editor and open the MCP section of its agent panel.",
    note: "Windsurf became Devin Desktop in 2026, and its file moved to `devin`. `install` writes the new file if its folder is\n\
           there, and the one of an older Windsurf if that folder is there.",
    more: "",
    check: "open the MCP section of the agent panel: it lists `ollama` and its tools.",
    trouble: "press the refresh button of that list after a change; if a server is listed without tools, it could not be started.",
};

pub(super) const ZED: HostDocs = HostDocs {
    next: "Look for the server's green dot in the settings of Zed's agent panel.",
    note: "The file contains all settings (**zed: open settings**); comments in it are kept.",
    more: "",
    check: "the settings of the agent panel (**agent: open settings**) show `ollama` with a green dot.",
    trouble: "**zed: open log** shows the server's messages. Zed waits 60 s for a tool; a call returns before that.",
};

pub(super) const GEMINI: HostDocs = HostDocs {
    next: "Start Gemini CLI again and run /mcp in it.",
    note: "Values of `env` can use variables of Gemini CLI's environment, as `$NAME` or `${NAME}`.",
    more: "",
    check: "`gemini mcp list` in a shell, `/mcp` in a session.",
    trouble: "start `gemini --debug`. It starts the servers of a project only in a folder that you trust.",
};

pub(super) const QWEN: HostDocs = HostDocs {
    next: "Start Qwen Code again and run /mcp in it.",
    note: "`QWEN_HOME` moves the user's file to that folder. Values of `env` can use variables of Qwen Code's environment, as `$NAME` or\n\
           `${NAME}`.",
    more: "Qwen Code waits ten minutes for a tool, or as long as the `timeout` of the entry says (in milliseconds); `install` leaves it\n\
           there.",
    check: "`qwen mcp list` in a shell, `/mcp` in a session.",
    trouble: "start `qwen --debug`.",
};

pub(super) const OPENCODE: HostDocs = HostDocs {
    next: "Start opencode again and run \"opencode mcp list\".",
    note: "The program and its arguments are one list, and the variables are called `environment`. `install` writes `opencode.jsonc`\n\
           unless there is an `opencode.json` alone; opencode reads both. Values can use variables as `{env:NAME}`.",
    more: "Each progress notification makes opencode wait as long again, and this server sends one every five seconds at least, so a\n\
           long answer is not cut off.",
    check: "`opencode mcp list` shows the server as connected.",
    trouble: "a server that takes more than `timeout` milliseconds to list its tools is left out; this one takes a few.",
};

pub(super) const CODEX: HostDocs = HostDocs {
    next: "Start Codex again and run /mcp in it.",
    note: "The command line, the app and the IDE extension share this file. `CODEX_HOME` moves it. A project's file is used only\n\
           if you trust the project.",
    more: "Codex stops waiting for a tool after `tool_timeout_sec` seconds, and for the start of a server after\n\
           `startup_timeout_sec`; both can be added to the table, and `install` leaves them there.",
    check: "`codex mcp list` in a shell, `/mcp` in a session.",
    trouble: "`codex mcp get ollama` shows the command. Codex passes on few variables: put those that are needed into `env`.",
};

pub(super) const LMSTUDIO: HostDocs = HostDocs {
    next: "Switch the server on in LM Studio, in the \"Program\" tab of the right-hand sidebar.",
    note: "**Program > Install > Edit mcp.json** opens it in the app.",
    more: "",
    check: "the **Program** tab of the right-hand sidebar lists `mcp/ollama`; switch it on, and its tools are available in a chat.",
    trouble: "switch it off and on again; the app shows the error beside it.",
};

pub(super) const JETBRAINS: HostDocs = HostDocs {
    next: "Paste it under Settings > Tools > AI Assistant > Model Context Protocol (MCP) > Add, and apply.",
    note: "The IDE has no file for its servers that could be edited: `install` prints what to paste under **Settings > Tools >\n\
           AI Assistant > Model Context Protocol (MCP) > Add**.",
    more: "",
    check: "the same page shows the server as connected, with its tools.",
    trouble: "the status on that page has the reason; **Help > Show Log** has more.",
};
