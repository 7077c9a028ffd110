// The text being edited, without a window: what it is, where the cursor is, what is selected, how it came to be (undo).
// Positions are bytes and always at the beginning of a character; columns are cells of a terminal, two for a Chinese
// character. Lines end in \n; a \r before it belongs to the line and is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sy::gui {

enum class TextMove : std::uint8_t {
    left, right, word_left, word_right, up, down, page_up, page_down, line_start, line_end, text_start, text_end
};

struct TextRange {
    std::size_t from = 0, to = 0;
    bool empty() const { return from == to; }
};

class TextDocument {
  public:
    // Another text; what could be undone is forgotten.
    void load(std::string text);
    const std::string& text() const { return text_; }
    // Another number after each change of the text, undo included.
    std::uint64_t version() const { return version_; }
    bool is_modified() const { return text_ != saved_; }
    void mark_saved() { saved_ = text_; }
    const std::string& saved() const { return saved_; }

    std::size_t cursor() const { return cursor_; }
    TextRange selection() const;
    std::string_view selected() const;
    void select(std::size_t anchor, std::size_t cursor);
    void move(TextMove move, bool selecting, std::size_t lines_of_page = 20);

    // Lines from 0. A text has at least one.
    std::size_t lines() const { return starts_.size(); }
    std::size_t line_of(std::size_t at) const;
    std::size_t line_start(std::size_t line) const { return starts_[line]; }
    std::size_t line_end(std::size_t line) const;   // before its \n or \r\n
    std::string_view line(std::size_t line) const;
    int column_of(std::size_t at) const;                          // cells from 0
    std::size_t at_column(std::size_t line, int column) const;    // the character nearest to the cell

    // One step of undo each; the cursor goes behind what was put in, nothing is selected.
    void replace(std::size_t at, std::size_t length, std::string_view with);
    // Several at once, in the order of the text, without overlap.
    struct Piece {
        std::size_t at, length;
        std::string with;
    };
    void replace_all(const std::vector<Piece>& pieces);
    // Only what differs is replaced: the same beginning and end stay, and so does the cursor's line.
    void become(std::string_view text);

    // In place of the selection. Letters typed one behind the other are one step of undo.
    void type(std::string_view text);
    void new_line();                    // with the indentation of the line before it
    void indent(bool outwards);         // the lines of the selection, by two blanks
    void toggle_comment();              // `# ` before the lines of the selection
    void erase_back(bool word = false);
    void erase_forward(bool word = false);

    bool undo();
    bool redo();
    bool can_undo() const { return !undo_.empty(); }
    bool can_redo() const { return !redo_.empty(); }

    // The next place behind (or before) the selection, round the end. Letters A-Z match a-z unless `exact`.
    std::optional<TextRange> find(std::string_view what, bool forward, bool exact = false) const;
    std::size_t count(std::string_view what, bool exact = false) const;
    // Returns how many.
    std::size_t replace_every(std::string_view what, std::string_view with, bool exact = false);

    // The name-like word that ends at or goes through `at`.
    TextRange word_at(std::size_t at) const;

  private:
    struct Step {
        std::vector<Piece> back;      // pieces that undo it, in the order of the text
        std::size_t cursor = 0, anchor = 0;   // before it
        bool typing = false;
        std::size_t end = 0;          // behind what was typed
        std::size_t bytes() const;
    };
    Step apply(const std::vector<Piece>& pieces);
    void push(Step step);
    void index_lines();
    std::size_t next(std::size_t at) const;
    std::size_t previous(std::size_t at) const;
    std::size_t word_next(std::size_t at) const;
    std::size_t word_previous(std::size_t at) const;
    TextRange lines_of_selection() const;   // first and last line

    std::string text_, saved_;
    std::vector<std::size_t> starts_ = {0};
    std::size_t cursor_ = 0, anchor_ = 0;
    int wish_ = -1;   // the column that moving up and down would like
    std::uint64_t version_ = 1;
    std::vector<Step> undo_, redo_;
};

}  // namespace sy::gui
