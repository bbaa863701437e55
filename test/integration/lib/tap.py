# SPDX-License-Identifier: MIT
"""Cases of a table as tests of their own, and results as TAP (Test Anything Protocol).

Also a program: `tap.py FILE` runs the tests of a file. With POSTERN_TEST_SHORT in the environment these
are the ones with a note (see _note), and of a long table its first row and its last.
"""
import functools
import importlib
import os
import sys
import unittest

SHORT_TABLE = 4


def cases(*table):
    """Makes one test of each row: `@cases(("a name", 1, 2), …)` calls the method with (1, 2)."""
    def mark(method):
        method.cases = table
        return method
    return mark


def with_cases(cls):
    """Class decorator that makes `cases` work."""
    for name, method in list(vars(cls).items()):
        rows = getattr(method, "cases", None)
        if rows is None:
            continue
        delattr(cls, name)
        for number, (title, *values) in enumerate(rows):
            _add(cls, f"{name} [{title}]", method, values,
                 len(rows) <= SHORT_TABLE or number in (0, len(rows) - 1))
    return cls


def _add(cls, name, method, values, in_short_form):
    if hasattr(cls, name):
        raise ValueError(f"{cls.__name__} has two cases named {name}")

    @functools.wraps(method)    # and what it is marked with
    def test(self):
        method(self, *values)
    test.__doc__ = None
    test.in_short_form = in_short_form
    setattr(cls, name, test)


class _Result(unittest.TestResult):
    def __init__(self, stream):
        super().__init__()
        self.stream = stream
        self.in_trouble = None

    def _line(self, test, ok, after=""):
        # Without the module, which the program's name tells.
        name = ".".join(test.id().split(".")[1:] or [test.id()]).replace("#", "")
        print(f"{'ok' if ok else 'not ok'} {self.testsRun} - {name}{after}", file=self.stream)
        if note := _note(getattr(test, "test_case", test)):
            print("# " + note, file=self.stream)
        self.stream.flush()

    def _trouble(self, test, error):
        # A class that cannot be set up has no test of its own to count.
        if isinstance(test, unittest.suite._ErrorHolder):
            self.testsRun += 1
        self._line(test, False)
        for line in self._exc_info_to_string(error, test).splitlines():
            print("# " + line, file=self.stream)
        self.stream.flush()

    def addSuccess(self, test):
        self._line(test, True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if isinstance(test, unittest.suite._ErrorHolder):
            self.testsRun += 1
        self._line(test, True, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._trouble(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._trouble(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is None:
            return
        # The first one has the number of its test, each further one a number of its own.
        if test is self.in_trouble:
            self.testsRun += 1
        self.in_trouble = test
        self._trouble(subtest, err)


def _note(test):
    """What a test, or else its class, has for behind its result."""
    method = getattr(test, getattr(test, "_testMethodName", ""), test)
    return getattr(method, "note", getattr(test, "note", ""))


def _short_form(tests):
    """A suite of its tests: grouped by class, as they were."""
    if isinstance(tests, unittest.TestSuite):
        return unittest.TestSuite(filter(None, map(_short_form, tests)))
    method = getattr(tests, tests._testMethodName)
    return tests if _note(tests) and getattr(method, "in_short_form", True) else None


class _Runner:
    def run(self, test):
        result = _Result(sys.stdout)
        test.run(result)
        print(f"1..{result.testsRun}", flush=True)
        return result


def main():
    unittest.main(testRunner=_Runner)


def run_file(path):
    """Runs any program of unittest's, whatever it does itself when started."""
    # As if it had been started itself: its folder comes first, and this one's names hide nobody's.
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    sys.argv[:] = [path]
    name = os.path.splitext(os.path.basename(path))[0]
    tests = unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(name))
    if os.environ.get("POSTERN_TEST_SHORT"):
        tests = _short_form(tests)
    return _Runner().run(tests).wasSuccessful()


if __name__ == "__main__":
    sys.exit(0 if run_file(sys.argv[1]) else 1)
