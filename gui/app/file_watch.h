// Tells when a file on the disk changes, whoever changes it and however (written in place, or replaced by another). A
// thread waits for the system's word, so that an idle window stays idle.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

namespace sy::gui {

class FileWatch {
  public:
    FileWatch() = default;
    ~FileWatch() { stop(); }
    FileWatch(const FileWatch&) = delete;
    FileWatch& operator=(const FileWatch&) = delete;

    // Watches this file from now on instead of the one before. `wake` is called on another thread.
    void start(const std::string& path, std::function<void()> wake);
    void stop();
    // Something has happened to it since the last call.
    bool take_change() { return changed_.exchange(false); }

  private:
    void watch(int inotify, int stop, std::string name, const std::function<void()>& wake);

    std::thread thread_;
    int stop_ = -1;   // written to, it ends the thread
    std::atomic<bool> changed_{false};
};

// Writes through a temporary file beside it and exchanges the two, so that whoever reads sees the old content or the
// new one, and a crash or a full disk leaves the old one. True: done; else `error` is an errno.
bool save_atomically(const std::string& path, const std::string& content, bool to_disk, int& error);
// What an errno of it means, as a sentence.
std::string save_error_text(const std::string& path, int error);

}  // namespace sy::gui
