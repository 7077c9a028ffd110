#include "sim/report/quiz_grade.h"

#include <algorithm>

#include "sim/base/utf8.h"
#include "sim/report/json_text.h"

namespace sy {
namespace {

constexpr std::size_t kMostAnswers = 1'000'000;

std::string letter(std::size_t i) { return std::string(1, static_cast<char>('A' + i)); }

std::string csv_text(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

struct Cell {
    std::string text;
    SourcePos pos;
};

// The cells of one line, with RFC 4180's quotes (no line break within a cell).
std::vector<Cell> cells_of(std::string_view line, std::int32_t number) {
    std::vector<Cell> out(1);
    out.back().pos = {number, 1, 1};
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (c == '"') {
            if (quoted && i + 1 < line.size() && line[i + 1] == '"') out.back().text += line[++i];
            else quoted = !quoted;
        } else if ((c == ',' || c == ';' || c == '\t') && !quoted) {
            out.push_back({{}, {number, static_cast<std::int32_t>(i) + 2, 1}});
        } else {
            out.back().text += c;
        }
    }
    for (Cell& cell : out) {
        const auto from = cell.text.find_first_not_of(" \r");
        const auto to = cell.text.find_last_not_of(" \r");
        cell.text = from == std::string::npos ? "" : cell.text.substr(from, to - from + 1);
    }
    return out;
}

std::string lower(std::string s) {
    for (char& c : s)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return s;
}

class Sheet {
  public:
    Sheet(const std::vector<QuizQuestion>& questions, std::vector<GradedAnswer>& out, Diagnostics& diags)
        : questions_(questions), out_(out), diags_(diags) {}

    void row(const std::vector<Cell>& cells) {
        if (is_first_ && is_header(cells)) return;
        is_first_ = false;
        // Without a header: `7,B` is an answer, `Ada,B,C,A` is a student.
        if (number_ < 0 && !is_wide_) {
            if (is_number(cells[0].text)) number_ = 0, answer_ = 1;
            else if (cells.size() == 3 && is_number(cells[1].text)) student_ = 0, number_ = 1, answer_ = 2;
            else is_wide_ = true;
        }
        if (is_wide_) {
            for (std::size_t i = 1; i < cells.size(); ++i) add(cells[0].text, i, cells[i]);
            return;
        }
        const std::size_t last = static_cast<std::size_t>(std::max({student_, number_, answer_}));
        if (cells.size() <= last) {
            diags_.error(cells[0].pos, text("this row has too few columns: number and answer are needed", "这一行的列太少：需要题号和答案"));
            return;
        }
        const Cell& number = cells[static_cast<std::size_t>(number_)];
        if (!is_number(number.text)) {
            diags_.error(number.pos, text("'{0}' is not the number of a question", "“{0}” 不是题号", {utf8::printable(number.text, 24)}));
            return;
        }
        add(student_ < 0 ? "" : cells[static_cast<std::size_t>(student_)].text, std::stoul(number.text), cells[static_cast<std::size_t>(answer_)]);
    }

  private:
    static bool is_number(const std::string& s) {
        return !s.empty() && s.size() < 7 && s.find_first_not_of("0123456789") == std::string::npos;
    }
    bool is_header(const std::vector<Cell>& cells) {
        int number = -1, answer = -1, student = -1;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const std::string word = lower(cells[i].text);
            if (word == "number" || word == "question" || word == "题号") number = static_cast<int>(i);
            if (word == "answer" || word == "答案") answer = static_cast<int>(i);
            if (word == "student" || word == "name" || word == "学生") student = static_cast<int>(i);
        }
        is_first_ = false;
        if (number >= 0 && answer >= 0) {
            number_ = number, answer_ = answer, student_ = student;
            return true;
        }
        // student,1,2,3: the heading of a row for each student.
        if (student == 0 && (cells.size() < 2 || is_number(cells[1].text))) {
            is_wide_ = true;
            return true;
        }
        return false;
    }
    void add(const std::string& student, std::size_t number, const Cell& cell) {
        if (number < 1 || number > questions_.size()) {
            diags_.error(cell.pos, text("there is no question {0}; this quiz has {1}", "没有第 {0} 题；这份测验有 {1} 题",
                                        {std::to_string(number), std::to_string(questions_.size())}));
            return;
        }
        const std::string answer = lower(cell.text);
        GradedAnswer graded{.student = student, .number = number, .choice = std::nullopt};
        if (!answer.empty() && answer != "-") {
            const std::size_t choices = questions_[number - 1].choices.size();
            const auto at = static_cast<std::size_t>(answer[0] - 'a');
            if (answer.size() != 1 || answer[0] < 'a' || at >= choices) {
                diags_.error(cell.pos, text("'{0}' is no answer to question {1}: A to {2}, or nothing", "“{0}” 不是第 {1} 题的答案：A 到 {2}，或空着",
                                            {utf8::printable(cell.text, 24), std::to_string(number), letter(choices - 1)}));
                return;
            }
            graded.choice = at;
        }
        if (out_.size() < kMostAnswers) out_.push_back(std::move(graded));
    }

    const std::vector<QuizQuestion>& questions_;
    std::vector<GradedAnswer>& out_;
    Diagnostics& diags_;
    int student_ = -1, number_ = -1, answer_ = -1;
    bool is_first_ = true, is_wide_ = false;
};

// By student in the order of their first answer, by question; the last answer counts.
struct Result {
    std::string student;
    std::vector<std::optional<std::size_t>> choices;   // by question
    std::size_t points = 0;
};
std::vector<Result> results_of(const std::vector<QuizQuestion>& questions, const std::vector<GradedAnswer>& answers) {
    std::vector<Result> out;
    for (const GradedAnswer& a : answers) {
        auto at = std::find_if(out.begin(), out.end(), [&](const Result& r) { return r.student == a.student; });
        if (at == out.end()) at = out.insert(out.end(), Result{.student = a.student, .choices = {}, .points = 0});
        at->choices.resize(questions.size());
        if (a.number >= 1 && a.number <= questions.size()) at->choices[a.number - 1] = a.choice;
    }
    for (Result& r : out)
        for (std::size_t i = 0; i < questions.size(); ++i) r.points += r.choices[i] && *r.choices[i] == questions[i].right();
    return out;
}

const Text& not_answered() {
    static const Text kText = text("not answered", "没有作答");
    return kText;
}
Text diagnosis_of(const QuizQuestion& q, std::optional<std::size_t> choice) {
    if (!choice) return not_answered();
    return *choice < q.choices.size() ? q.choices[*choice].diagnosis : Text{};
}

}  // namespace

bool read_answers(std::string_view csv, const std::vector<QuizQuestion>& questions, std::vector<GradedAnswer>& out,
                  Diagnostics& diags) {
    if (csv.starts_with("\xef\xbb\xbf")) csv.remove_prefix(3);
    Sheet sheet(questions, out, diags);
    std::int32_t line = 0;
    while (!csv.empty()) {
        ++line;
        const std::size_t end = csv.find('\n');
        const std::string_view row = csv.substr(0, end);
        csv = end == std::string_view::npos ? std::string_view() : csv.substr(end + 1);
        if (row.find_first_not_of(" \r\t") == std::string_view::npos || row.starts_with('#')) continue;
        sheet.row(cells_of(row, line));
    }
    if (out.empty() && !diags.has_errors())
        diags.error({1, 1, 1}, text("there are no answers; write rows such as: 1,B", "没有答案；请写成这样的行：1,B"));
    return !diags.has_errors();
}

std::string graded_as_text(const std::vector<QuizQuestion>& questions, const std::vector<GradedAnswer>& answers, Lang lang) {
    std::string out;
    const std::string count = std::to_string(questions.size());
    for (const Result& r : results_of(questions, answers)) {
        const std::string who = r.student.empty() ? text("answers", "答案").in(lang) : r.student;
        out += text("{0}: {1} of {2} right", "{0}：{2} 题中答对 {1} 题", {who, std::to_string(r.points), count}).in(lang) + "\n";
        for (std::size_t i = 0; i < questions.size(); ++i) {
            const QuizQuestion& q = questions[i];
            const auto choice = r.choices[i];
            if (choice && *choice == q.right()) continue;
            out += "  " + std::to_string(i + 1) + ". " + q.ask.in(lang) + "\n";
            const std::string said = choice ? letter(*choice) + ") " + q.choices[*choice].text.in(lang) + ": " : "";
            out += "     " + said + diagnosis_of(q, choice).in(lang) + "\n";
            out += "     " + text("right: {0}", "正确：{0}", {letter(q.right()) + ") " + q.choices[q.right()].text.in(lang)}).in(lang) + "\n";
        }
    }
    // Which question was hardest, when there is a class.
    const auto results = results_of(questions, answers);
    if (results.size() < 2) return out;
    out += "\n" + text("right answers of {0} students, by question:", "{0} 名学生各题答对人数：", {std::to_string(results.size())}).in(lang);
    for (std::size_t i = 0; i < questions.size(); ++i) {
        const auto right = std::count_if(results.begin(), results.end(), [&](const Result& r) { return r.choices[i] && *r.choices[i] == questions[i].right(); });
        out += "  " + std::to_string(i + 1) + ": " + std::to_string(right);
    }
    return out + "\n";
}

std::string graded_as_json(const std::vector<QuizQuestion>& questions, const std::vector<GradedAnswer>& answers, Lang lang) {
    std::string out = "{\n  \"questions\": " + std::to_string(questions.size()) + ",\n  \"results\": [";
    bool is_first = true;
    for (const Result& r : results_of(questions, answers)) {
        out += std::string(is_first ? "" : ",") + "\n    {\"student\": " + json_text(r.student) + ", \"points\": " + std::to_string(r.points) + ", \"answers\": [";
        is_first = false;
        for (std::size_t i = 0; i < questions.size(); ++i) {
            const QuizQuestion& q = questions[i];
            const auto choice = r.choices[i];
            const bool is_right = choice && *choice == q.right();
            out += std::string(i == 0 ? "" : ",") + "\n      {\"number\": " + std::to_string(i + 1) + ", \"kind\": " + json_text(quiz_kind(q.kind).name) +
                   ", \"answer\": " + (choice ? json_text(letter(*choice)) : "null") + ", \"right\": " + json_text(letter(q.right())) +
                   ", \"points\": " + (is_right ? "1" : "0") + ", \"diagnosis\": " + (is_right ? "null" : json_text(diagnosis_of(q, choice).in(lang))) + "}";
        }
        out += "]}";
    }
    return out + "\n  ]\n}\n";
}

std::string graded_as_csv(const std::vector<QuizQuestion>& questions, const std::vector<GradedAnswer>& answers, Lang lang) {
    std::string out = "student,number,kind,shape,answer,right,points,diagnosis\n";
    for (const Result& r : results_of(questions, answers))
        for (std::size_t i = 0; i < questions.size(); ++i) {
            const QuizQuestion& q = questions[i];
            const auto choice = r.choices[i];
            const bool is_right = choice && *choice == q.right();
            out += csv_text(r.student) + "," + std::to_string(i + 1) + "," + quiz_kind(q.kind).name + "," + quiz_shape_name(q.shape) + "," +
                   (choice ? letter(*choice) : "") + "," + letter(q.right()) + "," + (is_right ? "1" : "0") + "," +
                   (is_right ? "" : csv_text(diagnosis_of(q, choice).in(lang))) + "\n";
        }
    return out;
}

}  // namespace sy
