// What the server's JSON looks like, for the comments of the page's modules. Nothing of it is sent to a browser.

interface Me {
  owner: string;
  kind: "guest" | "local" | "key" | "token" | "browser";
  email?: string;
  scopes: string[];
  limits: { models?: string[]; requests_per_minute?: number; tokens_per_day?: number; concurrency?: number; priority: number };
}

interface Upload {
  id: string;
  filename: string;
  type: string;
  bytes: number;
}

interface Model {
  name: string;
  size?: number | null;
  modified_at?: string | null;
  family?: string | null;
  parameter_size?: string | null;
  quantization?: string | null;
  context_length?: number | null;
  capabilities: string[];
  location?: string | null;
  loaded: boolean | null;
  running: { size?: number; size_vram?: number; expires_at?: string; context_length?: number } | null;
}

interface ModelList {
  default: string | null;
  can_manage: boolean;
  reports_loaded: boolean;
  models: Model[];
}

interface ConversationEntry {
  id: string;
  title: string;
  has_title: boolean;
  created_at: string;
  updated_at: string;
  message_count: number;
  model?: string;
}

interface Message {
  index: number;
  role: "user" | "assistant" | "tool" | "system";
  content: string;
  html?: string[];
  reasoning?: string;
  tool_calls?: { function?: { name?: string; arguments?: string } }[];
  attachments?: string[];
  model?: string;
  prompt_tokens?: number;
  completion_tokens?: number;
  created_at: string;
}

interface Conversation extends ConversationEntry {
  system?: string;
  messages: Message[];
  older: number;
}

interface ErrorBody {
  message: string;
  code?: string | null;
  param?: string | null;
  hint?: string | null;
}

interface CompletionState {
  id: string;
  status: "queued" | "running" | "completed" | "failed" | "cancelled";
  model?: string;
  chat_id?: string;
  content: string;
  reasoning?: string;
  finish_reason?: string;
  usage?: { prompt_tokens?: number; completion_tokens?: number; total_tokens?: number };
  location?: string;
  warnings?: string[];
  error?: ErrorBody;
  timings?: Timings;
}

interface Timings {
  queued_ms?: number;
  load_ms?: number;
  prompt_ms?: number;
  first_token_ms?: number;
  total_ms: number;
  tokens_per_second?: number;
}

interface TurnRequest {
  message?: string;
  model?: string;
  system?: string;
  options?: Record<string, unknown>;
  think?: boolean | string;
  format?: unknown;
  keep_alive?: unknown;
  attachments?: string[];
  replace_last?: boolean;
}

interface Question {
  content: string;
  attachments?: string[];
  replaces_last?: boolean;
}

interface TurnEvent {
  type: "turn";
  id: string;
  question: Question;
  model?: string;
}

interface PhaseEvent {
  type: "phase";
  id: string;
  phase: "pulling" | "queued" | "retrying" | "waiting" | "thinking" | "answering";
  model?: string;
  done?: number;
  total?: number;
  place?: number;
  estimate_ms?: number;
  after_ms?: number;
}

interface Block {
  index: number;
  html: string;
  open: boolean;
}
