#include "sim/report/quiz_print.h"

#include "sim/report/json_text.h"
#include "sim/scenario/write.h"

namespace sy {
namespace {

std::string letter(std::size_t i) { return std::string(1, static_cast<char>('A' + i)); }

// What a student needs to know of the run, and nothing that answers a question.
std::string given_scenario(const Scenario& scenario) {
    Scenario s = scenario;
    s.head.clear();
    s.title = s.title_zh = s.about = s.about_zh = "";
    s.expects.clear();
    s.questions.clear();
    s.view = {};
    s.quiz = {};
    std::erase_if(s.timeline,
                  [](const TimedAction& a) { return a.kind == TimedAction::Kind::caption; });
    const MachineDecl& m = s.machine;
    std::string machine = "machine { cpus " + std::to_string(m.cpus) + "  hz " +
                          std::to_string(m.hz) + "  scheduler " + m.scheduler;
    for (const auto& [key, value] : m.scheduler_options) machine += " " + key + "=" + value;
    machine += std::string("  costs ") + (m.costs_ideal ? "ideal" : "linux") + " }\n";
    s.machine = {};  // written in full, defaults too
    return machine + write_scenario(s);
}

std::string indented(const std::string& text) {
    std::string out = "    ";
    for (std::size_t i = 0; i < text.size(); ++i) {
        out += text[i];
        if (text[i] == '\n' && i + 1 < text.size()) out += "    ";
    }
    return out;
}

std::string csv_text(const std::string& text) {
    std::string out = "\"";
    for (char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

}  // namespace

std::string quiz_as_text(const QuizPaper& paper, Lang lang) {
    const Scenario& s = paper.scenario;
    const bool zh = lang == Lang::zh;
    const std::string title = zh && !s.title_zh.empty() ? s.title_zh : s.title;
    const std::string seed = std::to_string(paper.seed),
                      count = std::to_string(paper.questions.size());
    std::string out = title.empty() ? "" : title + "\n";
    out += text("{0}: {1} questions, seed {2}", "{0}：{1} 道题，种子 {2}", {s.file, count, seed})
               .in(lang) +
           "\n\n";
    out += indented(given_scenario(s)) + "\n";
    for (std::size_t n = 0; n < paper.questions.size(); ++n) {
        const QuizQuestion& q = paper.questions[n];
        out += std::to_string(n + 1) + ". " + q.given.in(lang) + "\n   " + q.ask.in(lang) + "\n";
        for (std::size_t i = 0; i < q.choices.size(); ++i)
            out += "   " + letter(i) + ") " + q.choices[i].text.in(lang) + "\n";
        out += "\n";
    }
    if (!paper.with_answers) return out;
    out += zh ? "答案\n\n" : "Key\n\n";
    for (std::size_t n = 0; n < paper.questions.size(); ++n) {
        const QuizQuestion& q = paper.questions[n];
        out += std::to_string(n + 1) + ". " + letter(q.right()) + ") " +
               q.choices[q.right()].text.in(lang) + "\n   " + q.explanation.in(lang) + "\n";
        for (std::size_t i = 0; i < q.choices.size(); ++i)
            if (!q.choices[i].is_right)
                out += "   " + letter(i) + ": " + q.choices[i].diagnosis.in(lang) + "\n";
        out += "   " +
               text("see it: --step {0}", "亲眼看：--step {0}", {std::to_string(q.step)}).in(lang) +
               "\n\n";
    }
    return out;
}

std::string quiz_as_json(const QuizPaper& paper, Lang lang) {
    std::string out = "{\n  \"scenario\": " + json_text(paper.scenario.file) +
                      ",\n  \"seed\": " + std::to_string(paper.seed) + ",\n  \"questions\": [";
    for (std::size_t n = 0; n < paper.questions.size(); ++n) {
        const QuizQuestion& q = paper.questions[n];
        out += std::string(n == 0 ? "" : ",") + "\n    {\"number\": " + std::to_string(n + 1) +
               ", \"kind\": " + json_text(quiz_kind(q.kind).name) +
               ", \"shape\": " + json_text(quiz_shape_name(q.shape)) +
               ", \"time_ns\": " + std::to_string(q.at) +
               ",\n     \"given\": " + json_text(q.given.in(lang)) +
               ",\n     \"ask\": " + json_text(q.ask.in(lang)) + ",\n     \"choices\": [";
        for (std::size_t i = 0; i < q.choices.size(); ++i)
            out += (i == 0 ? "" : ", ") + json_text(q.choices[i].text.in(lang));
        out += "]";
        if (paper.with_answers) {
            out += ",\n     \"answer\": " + std::to_string(q.right()) +
                   ", \"explanation\": " + json_text(q.explanation.in(lang)) +
                   ", \"step\": " + std::to_string(q.step) + ",\n     \"diagnoses\": [";
            for (std::size_t i = 0; i < q.choices.size(); ++i)
                out += (i == 0 ? "" : ", ") + (q.choices[i].is_right
                                                   ? std::string("null")
                                                   : json_text(q.choices[i].diagnosis.in(lang)));
            out += "]";
        }
        out += "}";
    }
    return out + "\n  ]\n}\n";
}

std::string quiz_as_csv(const QuizPaper& paper, Lang lang) {
    std::size_t most = 4;
    for (const QuizQuestion& q : paper.questions) most = std::max(most, q.choices.size());
    std::string out = "number,kind,shape,time_ns,given,ask";
    for (std::size_t i = 0; i < most; ++i) out += "," + letter(i);
    if (paper.with_answers) {
        out += ",answer,explanation";
        for (std::size_t i = 0; i < most; ++i) out += ",diagnosis_" + letter(i);
    }
    out += "\n";
    for (std::size_t n = 0; n < paper.questions.size(); ++n) {
        const QuizQuestion& q = paper.questions[n];
        out += std::to_string(n + 1) + "," + quiz_kind(q.kind).name +
               "," + quiz_shape_name(q.shape) + "," + std::to_string(q.at) + "," +
               csv_text(q.given.in(lang)) + "," + csv_text(q.ask.in(lang));
        for (std::size_t i = 0; i < most; ++i)
            out +=
                "," + (i < q.choices.size() ? csv_text(q.choices[i].text.in(lang)) : std::string());
        if (paper.with_answers) {
            out += "," + letter(q.right()) + "," + csv_text(q.explanation.in(lang));
            for (std::size_t i = 0; i < most; ++i)
                out += "," + (i < q.choices.size() ? csv_text(q.choices[i].diagnosis.in(lang))
                                                   : std::string());
        }
        out += "\n";
    }
    return out;
}

}  // namespace sy
