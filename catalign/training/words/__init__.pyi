from .certify import certify_words as certify_words
from .learn import WordLearning as WordLearning
from .learn import learn as learn
