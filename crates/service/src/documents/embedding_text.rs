//! What an embedding model is given for a query and for a passage.
//!
//! Many models are trained with a text before the input that differs between queries and passages. Ollama does not add it:
//! `/api/embed` passes the input to the model without a template (`EmbedHandler` in its `server/routes.go`). Without these texts
//! a model still answers, but it finds less. A model that no row names gets the input as it is.

/// The version of the table and of the form of passages: embeddings of another version do not fit.
pub(crate) const VERSION: u32 = 1;

/// Models whose names have all these words, and what precedes their input.
struct Family {
    words: &'static [&'static str],
    query: &'static str,
    passage: &'static str,
}

const fn family(words: &'static [&'static str], query: &'static str, passage: &'static str) -> Family {
    Family { words, query, passage }
}

const SEARCH_SENTENCE: &str = "Represent this sentence for searching relevant passages: ";
const QWEN_TASK: &str =
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:";
const E5_TASK: &str =
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ";

/// Stands for the heading of the passage, or for `none`.
const TITLE: &str = "{title}";

/// The first row that fits counts, so special models precede their family. Not named, because they take the input as it is:
/// all-minilm and paraphrase-multilingual (sbert.net/docs/sentence_transformer/pretrained_models.html), granite-embedding
/// (huggingface.co/ibm-granite/granite-embedding-278m-multilingual), bge-m3 (huggingface.co/BAAI/bge-m3, "no longer requires adding
/// instructions to the queries"), jina-embeddings-v2, and the gte models without instructions.
const FAMILIES: &[Family] = &[
    // huggingface.co/nomic-ai/nomic-embed-code
    family(&["nomic", "embed", "code"], "Represent this query for searching relevant code: ", ""),
    // huggingface.co/nomic-ai/nomic-embed-text-v1.5 ("must include a task instruction prefix"), and v2-moe
    family(&["nomic", "embed"], "search_query: ", "search_document: "),
    // huggingface.co/mixedbread-ai/deepset-mxbai-embed-de-large-v1
    family(&["mxbai", "embed", "de"], "query: ", "passage: "),
    // huggingface.co/mixedbread-ai/mxbai-embed-large-v1
    family(&["mxbai", "embed"], SEARCH_SENTENCE, ""),
    // huggingface.co/Snowflake/snowflake-arctic-embed-l-v2.0, which Ollama calls snowflake-arctic-embed2
    family(&["arctic", "embed2"], "query: ", ""),
    family(&["arctic", "embed", "v2"], "query: ", ""),
    // huggingface.co/Snowflake/snowflake-arctic-embed-m-v1.5
    family(&["arctic", "embed"], SEARCH_SENTENCE, ""),
    // huggingface.co/BAAI/bge-large-zh-v1.5
    family(&["bge", "zh"], "为这个句子生成表示以用于检索相关文章：", ""),
    // huggingface.co/BAAI/bge-large-en-v1.5
    family(&["bge", "large"], SEARCH_SENTENCE, ""),
    family(&["bge", "base"], SEARCH_SENTENCE, ""),
    family(&["bge", "small"], SEARCH_SENTENCE, ""),
    // ai.google.dev/gemma/docs/embeddinggemma/model_card ("Prompt instructions")
    family(&["embeddinggemma"], "task: search result | query: ", "title: {title} | text: "),
    // huggingface.co/Qwen/Qwen3-Embedding-0.6B: no space after "Query:", nothing before documents
    family(&["qwen3", "embedding"], QWEN_TASK, ""),
    // huggingface.co/Alibaba-NLP/gte-Qwen2-1.5B-instruct
    family(&["gte", "qwen2"], E5_TASK, ""),
    // huggingface.co/intfloat/multilingual-e5-large-instruct and e5-mistral-7b-instruct
    family(&["e5", "instruct"], E5_TASK, ""),
    family(&["e5", "mistral"], E5_TASK, ""),
    // huggingface.co/intfloat/multilingual-e5-small ("Each input text should start with")
    family(&["e5"], "query: ", "passage: "),
    // huggingface.co/jinaai/jina-embeddings-v5-text-small
    family(&["jina", "v5"], "Query: ", "Document: "),
];

/// The input of a model for a query.
pub(crate) fn for_query(model: &str, query: &str) -> String {
    format!("{}{query}", family_of(model).map_or("", |family| family.query))
}

/// The input of a model for a passage. Its heading is part of it: a passage often leaves out what the heading says.
pub(crate) fn for_passage(model: &str, heading: Option<&str>, text: &str) -> String {
    let prefix = family_of(model).map_or("", |family| family.passage);
    if prefix.contains(TITLE) {
        return format!("{}{text}", prefix.replace(TITLE, heading.unwrap_or("none")));
    }
    match heading {
        Some(heading) => format!("{prefix}{heading}\n{text}"),
        None => format!("{prefix}{text}"),
    }
}

/// The row of a model, by the words of its name without registry and owner.
fn family_of(model: &str) -> Option<&'static Family> {
    let name = model.rsplit('/').next().unwrap_or(model).to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    FAMILIES.iter().find(|family| family.words.iter().all(|word| words.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_ollama_and_of_hugging_face_get_the_texts_of_their_model_cards() {
        let cases = [
            ("nomic-embed-text", "search_query: q", "search_document: p"),
            ("nomic-embed-text:v1.5", "search_query: q", "search_document: p"),
            ("hf.co/nomic-ai/nomic-embed-text-v2-moe-GGUF:Q4_K_M", "search_query: q", "search_document: p"),
            ("manutic/nomic-embed-code:7b-q8_0", "Represent this query for searching relevant code: q", "p"),
            ("mxbai-embed-large:latest", "Represent this sentence for searching relevant passages: q", "p"),
            ("snowflake-arctic-embed:33m", "Represent this sentence for searching relevant passages: q", "p"),
            ("snowflake-arctic-embed2", "query: q", "p"),
            ("hf.co/Snowflake/snowflake-arctic-embed-l-v2.0:Q8_0", "query: q", "p"),
            ("bge-large", "Represent this sentence for searching relevant passages: q", "p"),
            ("BGE-small-en-v1.5", "Represent this sentence for searching relevant passages: q", "p"),
            ("bge-base-zh-v1.5", "为这个句子生成表示以用于检索相关文章：q", "p"),
            ("embeddinggemma:300m", "task: search result | query: q", "title: none | text: p"),
            ("multilingual-e5-small", "query: q", "passage: p"),
            ("jeffh/intfloat-multilingual-e5-large:f16", "query: q", "passage: p"),
            ("deepset-mxbai-embed-de-large-v1", "query: q", "passage: p"),
        ];
        for (model, query, passage) in cases {
            assert_eq!(for_query(model, "q"), query, "{model}");
            assert_eq!(for_passage(model, None, "p"), passage, "{model}");
        }
    }

    #[test]
    fn models_with_instructions_get_them_with_queries_only() {
        let task = "Instruct: Given a web search query, retrieve relevant passages that answer the query\n";
        assert_eq!(for_query("qwen3-embedding:0.6b", "q"), format!("{task}Query:q"));
        for model in ["multilingual-e5-large-instruct", "gte-Qwen2-1.5B-instruct", "e5-mistral-7b"] {
            assert_eq!(for_query(model, "q"), format!("{task}Query: q"), "{model}");
            assert_eq!(for_passage(model, None, "p"), "p", "{model}");
        }
    }

    #[test]
    fn models_without_prefixes_get_the_input_as_it_is() {
        for model in
            ["all-minilm:l6-v2", "bge-m3", "granite-embedding:30m", "paraphrase-multilingual", "", "/"]
        {
            assert_eq!(for_query(model, "q"), "q", "{model}");
            assert_eq!(for_passage(model, None, "p"), "p", "{model}");
        }
    }

    #[test]
    fn heading_precedes_passage_or_is_its_title() {
        assert_eq!(for_passage("all-minilm", Some("Setup"), "Run it."), "Setup\nRun it.");
        assert_eq!(
            for_passage("nomic-embed-text", Some("Setup"), "Run it."),
            "search_document: Setup\nRun it."
        );
        assert_eq!(for_passage("embeddinggemma", Some("Setup"), "Run it."), "title: Setup | text: Run it.");
    }

    #[test]
    fn passage_with_the_title_mark_keeps_it() {
        assert_eq!(for_passage("embeddinggemma", None, "a {title} b"), "title: none | text: a {title} b");
    }
}
