// Exporting from the window: a dialogue that asks what and where to, and the program itself as a child process that makes
// it (`switchyard export …`), so that the window goes on meanwhile and a cancelled one leaves nothing behind.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace sy::gui {

struct AppParts;

// One child with its standard error.
class ExportJob {
  public:
    ExportJob() = default;
    ~ExportJob();
    ExportJob(const ExportJob&) = delete;
    ExportJob& operator=(const ExportJob&) = delete;

    // An empty string, or why it could not be started. `folder`: removed with its one file when the job has ended.
    std::string start(const std::vector<std::string>& arguments, const std::string& folder);
    void cancel();
    // Reads what it said; true once it has ended.
    bool poll();

    bool is_running() const { return child_ > 0; }
    int done() const { return done_; }   // frames
    int all() const { return all_; }     // 0: not known
    int status() const { return status_; }
    const std::string& said() const { return said_; }   // besides progress

  private:
    void take_line(const std::string& line);
    pid_t child_ = -1;
    int output_ = -1, done_ = 0, all_ = 0, status_ = 0;
    std::string pending_, said_, folder_;
};

struct ExportDialog {
    bool wanted = false, is_open = false;
    int kind = 1;               // place in the list of kinds
    char path[1024] = "";
    std::string running_path;   // of the job
    ExportJob job;
};

// Once a frame: the job's progress and end; then the dialogue if it is open.
void draw_exports(AppParts& parts);

}  // namespace sy::gui
