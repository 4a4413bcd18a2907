"""temporary"""
import sys


def main():
    if sys.argv[1]=="worker":
        import logging; logging.basicConfig(level=logging.INFO)
        from shotwright.server.worker import run
        from shotwright.tools.settings import from_environment
        return run(from_environment(), idle_s=float(sys.argv[3]))
if __name__=="__main__": sys.exit(main())
